// How unlike two names are, for those who mistyped one.
export { distance } from 'fastest-levenshtein';
