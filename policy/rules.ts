import type { Rule } from "./rule.ts";
import { commitMessageWithoutSkipMarker } from "./rules/commit-message-without-skip-marker.ts";
import { consumerTokenInItsConsumer } from "./rules/consumer-token-in-its-consumer.ts";
import { defaultBranchProtected } from "./rules/default-branch-protected.ts";
import { deleteBeforeReplace } from "./rules/delete-before-replace.ts";
import { dispatchTokenOnlyWhereNeeded } from "./rules/dispatch-token-only-where-needed.ts";
import { managedPaths } from "./rules/managed-paths.ts";
import { noSecretValueElsewhere } from "./rules/no-secret-value-elsewhere.ts";
import { noTokenInPlainInput } from "./rules/no-token-in-plain-input.ts";
import { packageHasSecretAndWorkflow } from "./rules/package-has-secret-and-workflow.ts";
import { packageOwner } from "./rules/package-owner.ts";
import { pagesHttps } from "./rules/pages-https.ts";
import { pagesPublicOnlyWhenAllowed } from "./rules/pages-public-only-when-allowed.ts";
import { protectedFromDeletion } from "./rules/protected-from-deletion.ts";
import { repositoryVisibility } from "./rules/repository-visibility.ts";
import { secretNameAndScope } from "./rules/secret-name-and-scope.ts";
import { secretsInLimitedEnvironment } from "./rules/secrets-in-limited-environment.ts";
import { workflowComposerFloor } from "./rules/workflow-composer-floor.ts";
import { workflowHasNoPullRequestTarget } from "./rules/workflow-has-no-pull-request-target.ts";
import { workflowHasTimeouts } from "./rules/workflow-has-timeouts.ts";
import { workflowParses } from "./rules/workflow-parses.ts";
import { workflowPinsActions } from "./rules/workflow-pins-actions.ts";
import { workflowRunsNoUntrustedInput } from "./rules/workflow-runs-no-untrusted-input.ts";
import { workflowSetsPermissions } from "./rules/workflow-sets-permissions.ts";

/** Every rule of the pack, in the order of the documentation. */
export const RULES: readonly Rule[] = [
  packageHasSecretAndWorkflow,
  packageOwner,
  managedPaths,
  commitMessageWithoutSkipMarker,
  noTokenInPlainInput,
  noSecretValueElsewhere,
  secretNameAndScope,
  dispatchTokenOnlyWhereNeeded,
  consumerTokenInItsConsumer,
  secretsInLimitedEnvironment,
  defaultBranchProtected,
  repositoryVisibility,
  protectedFromDeletion,
  deleteBeforeReplace,
  pagesHttps,
  pagesPublicOnlyWhenAllowed,
  workflowParses,
  workflowPinsActions,
  workflowSetsPermissions,
  workflowHasTimeouts,
  workflowRunsNoUntrustedInput,
  workflowHasNoPullRequestTarget,
  workflowComposerFloor,
];
