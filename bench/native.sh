#!/bin/bash
# What an administrator would write in place of muster: makes every group named in the file "groups" equal to GROUP.dns.
# It knows the DNs beforehand, judges nothing and records nothing: the floor that muster is measured against.
set -eu
cd "$FOLDER"
while read -r cn; do
  group="cn=$cn,$GROUPS_BASE"
  "$LDAPSEARCH" -LLL -o ldif-wrap=no -x -H "$URL" -D "$BIND" -y password -b "$group" -s base member |
    sed -n 's/^member: \{0,1\}//p' | sort > have
  sort "$cn.dns" > want
  comm -23 have want > remove
  comm -13 have want > add
  if [ -s remove ] || [ -s add ]; then
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
  fi
done < groups
