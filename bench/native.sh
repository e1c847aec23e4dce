#!/bin/bash
# What an administrator would write in place of muster: fetches the policy, and makes every group named in the file "groups" equal to GROUP.dns.
# Before a change it asks the directory for every person, and afterwards it reads the group back, as muster does. It knows the DNs beforehand, judges
# nothing and records nothing: the floor that muster is measured against.
set -eu
cd "$FOLDER"
git --git-dir=native.git fetch --quiet origin main
search() { "$LDAPSEARCH" -LLL -o ldif-wrap=no -x -H "$URL" -D "$BIND" -y password "$@"; }
members() { search -b "$1" -s base member | sed -n 's/^member: \{0,1\}//p' | sort; }
while read -r cn; do
  group="cn=$cn,$GROUPS_BASE"
  members "$group" > have
  sort "$cn.dns" > want
  comm -23 have want > remove
  comm -13 have want > add
  if [ -s remove ] || [ -s add ]; then
    search -E pr=1000/noprompt -b "$PEOPLE" -s one '(uid=*)' uid > people
    sed -n 's/^dn: \{0,1\}//p' people | sort > known
    comm -23 want known > unknown
    if [ -s unknown ]; then exit 1; fi
    {
      printf 'dn: %s\nchangetype: modify\n' "$group"
      if [ -s remove ]; then
        printf 'delete: member\n'
        sed 's/^/member: /' remove
        printf -- '-\n'
      fi
      if [ -s add ]; then
        printf 'add: member\n'
        sed 's/^/member: /' add
        printf -- '-\n'
      fi
    } | "$LDAPMODIFY" -x -H "$URL" -D "$BIND" -y password > printed
    members "$group" | cmp --quiet - want
  fi
done < groups
