// The one time axis of an explanation: samples above it, states and orders below it.

import { clock, hours } from "../times.js";

export const W = 440;
export const LEFT = 46;
export const RIGHT = W - 10;

const SECONDS_BELOW_MS = 10 * 60_000;
const LEAST_MS = 20_000;
const NEAR_MS = 120_000;
const HOLDS = 3; // so many holds before the decision are near it

/** Return the whole of an explanation's time, in ms: samples, states, orders, decision. */
export function wholeSpan(told, decidedAt) {
  const times = [
    ...told.samples.map((sample) => Date.parse(sample.measured_at)),
    ...told.timeline.map(timeOf),
    ...told.orders.map((order) => Date.parse(order.at)),
    decidedAt,
  ];
  return [Math.min(...times), Math.max(...times)];
}

/** Return what lies near the decision: the delay that ran before it, and as much after. */
export function nearSpan(told, decidedAt) {
  const [low, high] = wholeSpan(told, decidedAt);
  const room = Math.max(NEAR_MS, told.on_delay_s * 1000 * HOLDS, told.largest_gap_s * 1000 * HOLDS);
  const began = told.timeline.filter((step) => step.after === "pending" && timeOf(step) <= decidedAt).map(timeOf);
  const since = Math.min(decidedAt - room, ...began.slice(-1).map((at) => at - room / 4));
  return [Math.max(low, since), Math.min(high, decidedAt + room)];
}

/** Return the time of a change of state on the samples' axis. */
export function timeOf(step) {
  return Date.parse(step.measured_at ?? step.at);
}

/** Return the scale of a span: from ms to its place, cut at both ends. */
export function axisOf([low, high]) {
  const room = Math.max(high - low, LEAST_MS);
  const at = (ms) => LEFT + ((Math.min(Math.max(ms, low), low + room) - low) / room) * (RIGHT - LEFT);
  return Object.assign(at, {
    low, high: low + room,
    holds: (ms) => ms >= low && ms <= low + room,
    words: room < SECONDS_BELOW_MS ? clock : hours,
  });
}
