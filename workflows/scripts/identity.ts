/**
 * jq definitions shared by the scripts: `identity` (a repository URL as `host/path`, one text for every way of writing it),
 * `entries` (the entries of a satis.json that have a URL; `repositories` may be an array or an object), `selects_all`,
 * `names` (whether a map has a key; PHP writes an empty map as a list), and `listed` (the packages of a p2 file, as
 * `{name, versions, type, sources}`).
 */
export const JQ_DEFINITIONS = `
def identity:
  ascii_downcase
  | if test("^[a-z+]+://")
    then sub("^[a-z+]+://"; "") | sub("^[^@/]*@"; "") | sub("^(?<host>[^/:]+):[0-9]+"; .host)
    else sub("^[^@/]*@"; "") | sub(":"; "/")
    end
  | sub("^www\\\\."; "") | gsub("//+"; "/") | sub("/+$"; "") | sub("\\\\.git$"; "");
def entries: [(.repositories // [])[] | objects | select((.url | type) == "string")];
def names($name): type == "object" and has($name);
def selects_all: .["require-all"] == true or (has("require") | not);
def listed:
  (.packages // {}) | objects | to_entries[]
  | [.value[]? | objects] as $versions
  | {name: .key, versions: ($versions | length), type: ($versions[0].type // "library"),
     sources: [$versions[].source | objects | .url | strings] | unique};
`;
