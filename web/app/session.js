// Who is logged in, for what only some may do.

import { Signal } from "./signal.js";

/** The session as the API tells it; null while nobody is known. */
export const session = new Signal(null);

/** Tell whether whoever is logged in may draw geofences; the API decides again. */
export function mayDraw() {
  return session.value?.role === "admin";
}
