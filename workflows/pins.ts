/** One action at one commit: what runs is what was read. */
export interface ActionPin {
  /** `owner/repository`, with the path inside it where the action has one. */
  readonly action: string;
  /** Full commit id, 40 hexadecimal digits: a tag can be moved, a commit cannot. */
  readonly commit: string;
  /** Release that the commit belongs to; rendered as a comment, for people and for Renovate. */
  readonly version: string;
}

const CACHE_COMMIT = "55cc8345863c7cc4c66a329aec7e433d2d1c52a9";
const CACHE_VERSION = "v6.1.0";

/** Every action that a rendered workflow uses, and no other place names a commit. */
export const PINS = {
  checkout: {
    action: "actions/checkout",
    commit: "3d3c42e5aac5ba805825da76410c181273ba90b1",
    version: "v7.0.1",
  },
  setupPhp: {
    action: "shivammathur/setup-php",
    commit: "f3e473d116dcccaddc5834248c87452386958240",
    version: "2.37.2",
  },
  cacheRestore: { action: "actions/cache/restore", commit: CACHE_COMMIT, version: CACHE_VERSION },
  cacheSave: { action: "actions/cache/save", commit: CACHE_COMMIT, version: CACHE_VERSION },
  createAppToken: {
    action: "actions/create-github-app-token",
    commit: "1b10c78c7865c340bc4f6099eb2f838309f1e8c3",
    version: "v3.1.1",
  },
  uploadArtifact: {
    action: "actions/upload-artifact",
    commit: "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    version: "v7.0.1",
  },
  downloadArtifact: {
    action: "actions/download-artifact",
    commit: "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    version: "v8.0.1",
  },
  uploadPagesArtifact: {
    action: "actions/upload-pages-artifact",
    commit: "fc324d3547104276b827a68afc52ff2a11cc49c9",
    version: "v5.0.0",
  },
  deployPages: {
    action: "actions/deploy-pages",
    commit: "368f82528645a54fb793d4d04e342629a3f51346",
    version: "v5.0.1",
  },
} as const satisfies Record<string, ActionPin>;

/** Commit of composer/satis that builds the registry: its latest tag dates from 2017, so there is none to use. */
export const SATIS_COMMIT = "8f83d282b5c796f16c1e5762e1051c36cb8f121b";

/** Lowest Composer that may see a token: earlier ones can print tokens of the newer format (CVE-2026-45793). */
export const COMPOSER_FLOOR = "2.9.8";

/** PHP that the pinned Satis asks for (`^8.4`). */
export const PHP_VERSION = "8.4";

/** Runner image of every job; never `latest`, which changes under a workflow that did not. */
export const RUNNER = "ubuntu-24.04";
