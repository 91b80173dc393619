// What is open in the drawer, kept in the address so that it can be shared and reloaded.

import { Signal } from "./signal.js";

/** What is open: `{ kind: "case" | "device" | "lighting" | "rules", id }`, or null. */
class Route extends Signal {
  constructor() {
    super(read());
    addEventListener("hashchange", () => this.restore());
  }

  /** Open one thing. */
  open(kind, id) {
    history.replaceState(null, "", `#${kind}-${id}`);
    this.set({ kind, id });
  }

  /** Open nothing. */
  shut() {
    history.replaceState(null, "", location.pathname);
    this.set(null);
  }

  /** Open what the address says. */
  restore() {
    this.set(read());
  }
}

function read() {
  const found = /^#(case|device|lighting|rules)-(\d+)$/.exec(location.hash);
  return found ? { kind: found[1], id: Number(found[2]) } : null;
}

export const route = new Route();
