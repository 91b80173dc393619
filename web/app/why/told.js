// Words that an explanation's records have as keys, and what is doubtful about its samples.

import { words } from "../city.js";
import { side } from "../words.js";

const HARMLESS = new Set(["simulated", "no_integrity_check", "clock_corrected", "no_device_time"]);

/** Return a word of an explanation: a state, a handling, a severity, a quality, an order. */
export function toldWord(key) {
  return side(words.value?.explained[key], key);
}

/**
 * Return how a sample is marked: late, refused (the rule does not judge it), doubtful; empty if it is good.
 * @param {object} sample As the API tells it, `at` in ms.
 * @param {Set<number>} late Times of samples that a correction says came too late.
 */
export function doubtOf(sample, late) {
  if (sample.quality.includes("late") || late.has(sample.at)) return "late";
  if (sample.is_refused) return "refused";
  return sample.quality.some((word) => !HARMLESS.has(word)) ? "doubtful" : "";
}
