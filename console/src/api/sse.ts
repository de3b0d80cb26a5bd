/** Reading of server-sent events from a response, line by line. */

export interface Sent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Takes the text of a stream in pieces, and returns the events that are whole. */
export class SentEvents {
  #rest = "";
  #id = "";
  #event = "";
  #data: string[] = [];

  take(piece: string): Sent[] {
    const found: Sent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) {
          found.push({ id: this.#id, event: this.#event || "message", data: this.#data.join("\n") });
        }
        this.#event = "";
        this.#data = [];
      } else if (!line.startsWith(":")) {
        this.#line(line);
      }
    }
    return found;
  }

  #line(line: string): void {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.#id = value;
    else if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
  }
}
