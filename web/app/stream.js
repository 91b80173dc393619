// The live stream: resumed by number after every break, so nothing is missed.

import { get } from "./api.js";
import { Signal } from "./signal.js";

const NAMES = ["case", "position", "edge", "gap"];
const LONGEST_WAIT_MS = 30_000;

/** How the stream is: connecting, live or lost. */
export const link = new Signal({ state: "connecting", heardAt: 0 });

/** One stream at a time; the browser resumes short breaks, this class long ones. */
export class Stream {
  #source = null;
  #last = 0;
  #wait = 1000;
  #timer = 0;
  #listeners;

  /** @param {object} listeners What to do with each block, by its name. */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /** Go on after this number of the journal. */
  open(after) {
    this.close();
    this.#last = after;
    this.#connect();
  }

  /** Stop listening. */
  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    const names = NAMES.filter((name) => name !== "gap").join(",");
    const source = new EventSource(`/api/v1/stream?names=${names}&lastEventId=${this.#last}`);
    this.#source = source;
    source.onopen = () => {
      this.#wait = 1000;
      link.set({ state: "live", heardAt: Date.now() });
    };
    source.onerror = () => this.#broken(source);
    for (const name of NAMES) source.addEventListener(name, (block) => this.#heard(name, block));
  }

  #heard(name, block) {
    this.#last = Number(block.lastEventId) || this.#last;
    link.set({ state: "live", heardAt: Date.now() });
    this.#listeners[name]?.(JSON.parse(block.data), this.#last);
  }

  #broken(source) {
    link.set({ ...link.value, state: "lost" });
    if (source.readyState !== EventSource.CLOSED || source !== this.#source) return;
    // An answer other than 200 ends an EventSource for good: call again, ever more slowly.
    this.#timer = setTimeout(() => this.#again(), this.#wait * (0.7 + Math.random() * 0.6));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  async #again() {
    try {
      await get("/session"); // 401 shows the log-in
      this.#connect();
    } catch (problem) {
      if (problem.status !== 401) this.#broken(this.#source);
    }
  }
}
