// How somebody signs who has no muster: a script for a shell, git, sha256sum and ssh-keygen. It works the digests of a statement out anew, so it is
// also what tests compare the others with.

/** docs/signing.md shows it too. */
export const signByHand = `#!/bin/sh
# sh sign.sh STATEMENT BRANCH HEAD FOLDER KEY: is the statement true of these commits? Then sign it, and print what is posted.
set -eu
export LC_ALL=C
sum() { set -- $(git cat-file blob "$1" | sha256sum) && echo "sha256:$1"; }
{
  git ls-tree -r --full-tree "$2" "$4/policy.yaml" "$4/groups" | while read -r mode _ id path; do
    printf '%s\\n' "$mode $(sum "$id") $path"
  done | sort | sha256sum | sed 's/ .*//; s/^/rules sha256:/'
  git diff-tree -r --no-renames "$(git merge-base "$2" "$3")" "$3" | while read -r old new from to kind path; do
    case $kind in
    A) printf '%s\\n' "+ $new $(sum "$to") $path" ;;
    D) printf '%s\\n' "- \${old#:} $(sum "$from") $path" ;;
    *) printf '%s\\n' "~ \${old#:} $(sum "$from") $new $(sum "$to") $path" ;;
    esac
  done | sort
} >"$1.ours"
grep -E '^(rules|[+~-]) ' "$1" | diff "$1.ours" - >&2 || exit 1
ssh-keygen -Y sign -q -n muster-approval@v1 -f "$5" "$1"
cat "$1" "$1.sig"
`;
