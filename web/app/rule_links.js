// Where a rule, an alarm and a maintenance window are opened: parts of the rules drawer.

import { route } from "./route.js";

/** Open one version of a rule. */
export function openRule(code, version) {
  route.open("rules", 0, `${code}@${version}`);
}

/** Open the explanation of an alarm. */
export function openAlarm(id) {
  route.open("rules", 0, `alarm-${id}`);
}

/** Open what a maintenance window has kept back. */
export function openWindow(id) {
  route.open("rules", 0, `window-${id}`);
}
