// A value that can be watched: the page's only state, in a few named pieces.

/** Hold a value and tell watchers when it is set. */
export class Signal {
  #watchers = new Set();

  constructor(value) {
    this.value = value;
  }

  /** Set the value and tell everybody. */
  set(value) {
    this.value = value;
    for (const watcher of [...this.#watchers]) watcher(value);
  }

  /** Tell everybody that something inside the value changed. */
  touch() {
    this.set(this.value);
  }

  /** Watch from now on; the watcher is told the present value at once. */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher(this.value);
    return () => this.#watchers.delete(watcher);
  }
}
