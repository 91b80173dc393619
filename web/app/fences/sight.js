// What of the geofences the map shows beside the draft: all, the chosen one, a change looked at.

import { Signal } from "../signal.js";

/** All geofences with `parts`, once loaded; loaded again after each change. */
export const fences = new Signal([]);

/** The geofence whose card is open: its code, or null. */
export const chosen = new Signal(null);

/** Before and after of a change that is looked at: `{ before, after }` as shapes; or null. */
export const compared = new Signal(null);

/** Bounds to bring into view: `[west, south, east, north]`, set anew each time; or a point twice. */
export const wanted = new Signal(null);
