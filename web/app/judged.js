// What a rule judged: the samples themselves, or a number made of them; and for how long.

const DIRECT = new Set(["threshold", "ponding", "overspeed", "speed_inside"]);
const SECONDS = new Set(["inside", "stop", "stuck", "command"]);
const METRES = new Set(["outside", "crossing", "late"]);
const OWN_UNIT = new Set(["spread", "from_rest"]);

/**
 * Return what the rule text in the evidence says.
 * @returns {object} `what` it judged, whether that `isDirect`ly is a sample, for how many
 *     seconds it had to `hold_s`, and the `unit` of value and limit.
 */
export function judged(rule, unit) {
  const text = rule?.source ?? "";
  const type = /\btype: *([a-z_]+)/.exec(text.slice(text.indexOf("\ncondition:")))?.[1] ?? "threshold";
  const what = type === "geofence" ? (/\bis: *inside/.test(text) ? "inside" : "outside") : type;
  const delay = Number(/^on_delay_s: *([\d.]+)/m.exec(text)?.[1] ?? 0);
  return {
    what,
    isDirect: DIRECT.has(what),
    hold_s: delay + (what === "inside" ? Number(/\bdwell_s: *([\d.]+)/.exec(text)?.[1] ?? 0) : what === "stop" ? rule.value : 0),
    unit: unitOf(what, unit),
  };
}

function unitOf(what, unit) {
  if (what === "speed_inside" || what === "overspeed") return "km/h";
  if (SECONDS.has(what)) return "s";
  if (METRES.has(what)) return "m";
  if (DIRECT.has(what) || OWN_UNIT.has(what)) return unit;
  if (what === "rate") return `${unit}/min`;
  return what === "dimming" ? "%" : "";
}
