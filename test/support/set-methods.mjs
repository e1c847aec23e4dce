// The methods of Set that gitlab-ci-local takes for granted and Node 20 does not have. Loaded with `node --import` before it.

for (const [name, method] of Object.entries({
  union(other) {
    return new Set([...this, ...other.keys()]);
  },
  intersection(other) {
    return new Set([...this].filter((one) => other.has(one)));
  },
  difference(other) {
    return new Set([...this].filter((one) => !other.has(one)));
  },
})) {
  // oxlint-disable-next-line no-extend-native -- it is there already wherever it can be.
  if (!(name in Set.prototype)) Object.defineProperty(Set.prototype, name, { value: method, writable: true, configurable: true });
}
