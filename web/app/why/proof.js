// What of an explanation is shown on the map: the geofences it is about and the fixes it was decided on.

import { route } from "../route.js";
import { Signal } from "../signal.js";

/** `{ fences, fixes, decidedAt }` of the explanation that is open; null for none. */
export const proof = new Signal(null);

route.watch(() => proof.value && proof.set(null));
