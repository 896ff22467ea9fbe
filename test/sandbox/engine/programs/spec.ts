/** One resource of the test program. */
export interface ThingSpec {
  readonly kind?: "group";
  readonly name: string;
  /** Identity of the thing. @default its name */
  readonly called?: string;
  readonly color?: string;
  readonly secretColor?: boolean;
  /** The thing whose serial it notes. */
  readonly from?: string;
  readonly dependsOn?: readonly string[];
  readonly parent?: string;
  readonly deletedWith?: string;
  readonly hooked?: boolean;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges?: string[];
  readonly replaceOnChanges?: string[];
  readonly additionalSecretOutputs?: string[];
  readonly import?: string;
  readonly aliases?: ({ readonly name: string } | string)[];
}
