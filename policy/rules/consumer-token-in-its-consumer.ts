import {
  CONSUMER_UPDATER,
  GITHUB_PROVIDER,
  mayBeSame,
  parentType,
  type Resource,
  text,
} from "../resource.ts";
import { lookup, type StackRule, type Violation } from "../rule.ts";
import { SECRET_TYPES, secretValues, shown } from "../secrets.ts";

export const consumerTokenInItsConsumer: StackRule<{ readonly shared: readonly string[] }> = {
  kind: "stack",
  name: "consumer-token-in-its-consumer",
  description: "A token that opens a consumer's pull requests is in that consumer, and nowhere else.",
  reason:
    "Whoever may write a repository can read its secrets: a token that two of them hold lets the writers of one write to the other.",
  options: {
    shared: {
      type: "array",
      items: { type: "string" },
      description: "Names of secrets that several consumers may share, for they only read the registry.",
      default: ["COMPOSER_REGISTRY_TOKEN"],
    },
  },
  check({ resources }, { shared }) {
    const holders = resources.filter(({ type }) => SECRET_TYPES.has(type) || type === GITHUB_PROVIDER);
    const names = new Set(shared.map((name) => name.toUpperCase()));
    const own = holders.filter((secret) => parentType(secret) === CONSUMER_UPDATER);
    const isShared = (secret: Resource) =>
      parentType(secret) === CONSUMER_UPDATER &&
      names.has(text(secret.inputs.secretName)?.toUpperCase() ?? "");
    const { parent } = lookup(resources);
    const byValue = holdersByValue(holders);
    return own.flatMap((secret) => [
      ...strayed(secret, parent(secret)),
      // Shared among consumers is not shared with everything: what reads packages, or tells consumers, is none of theirs.
      ...held(secret, (value) =>
        (byValue.get(value) ?? []).filter(
          (other) => other !== secret && !(isShared(secret) && isShared(other)),
        ),
      ),
    ]);
  },
};

function strayed({ urn, inputs }: Resource, consumer: Resource | undefined): readonly Violation[] {
  if (consumer === undefined || mayBeSame(inputs.repository, consumer.inputs.repository)) return [];
  const meant = shown(text(consumer.inputs.repository) ?? "");
  const message = `the secret goes to ${shown(text(inputs.repository) ?? "")}, which is not the consumer's repository: write ${meant}`;
  return [{ urn, message }];
}

function holdersByValue(holders: readonly Resource[]): ReadonlyMap<string, readonly Resource[]> {
  const byValue = new Map<string, Resource[]>();
  for (const holder of holders) {
    for (const value of secretValues(holder)) {
      const others = byValue.get(value);
      if (others) others.push(holder);
      else byValue.set(value, [holder]);
    }
  }
  return byValue;
}

function held(secret: Resource, othersWith: (value: string) => readonly Resource[]): readonly Violation[] {
  const [other] = secretValues(secret).flatMap(othersWith);
  if (other === undefined) return [];
  const where =
    other.type === GITHUB_PROVIDER
      ? "the provider itself"
      : shown(text(other.inputs.repository) ?? "the organization");
  const message = `${where} has the token of the secret ${shown(text(secret.inputs.secretName) ?? "")}, too: give each its own`;
  return [{ urn: secret.urn, message }];
}
