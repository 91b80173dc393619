// Whether this browser was logged in; the cookie itself is out of reach of scripts.

const KEPT = "gezhi.known";

/** Tell whether it is worth asking who is logged in. */
export function mayBeKnown() {
  return localStorage.getItem(KEPT) !== null;
}

/** Somebody is logged in. */
export function remember() {
  localStorage.setItem(KEPT, "1");
}

/** Nobody is. */
export function forget() {
  localStorage.removeItem(KEPT);
}
