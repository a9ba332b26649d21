export function Bulletins() {
  return null;
}
