/** Text of a satis.json with `count` packages of `owner`, the same for the same count. */
export function syntheticSatis(owner: string, count: number): string {
  const width = String(count).length;
  const repositories = Array.from({ length: count }, (_, index) => ({
    type: "vcs",
    url: `https://github.com/${owner}/package-${String(index + 1).padStart(width, "0")}.git`,
  }));
  return `${JSON.stringify(
    {
      name: `${owner}/composer`,
      homepage: `https://${owner}.github.io/composer/`,
      repositories,
      "require-all": true,
    },
    null,
    2,
  )}\n`;
}
