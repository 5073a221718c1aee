/** Settings as text to edit, by what their JSON Schema says they are. */

export interface Schema {
  type?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  format?: string;
  anyOf?: Schema[];
  additionalProperties?: Schema | boolean;
}

export type Kind = "number" | "text" | "choice" | "lines";

export interface Input {
  kind: Kind;
  choices: string[];
  min?: number;
  max?: number;
  maxLength?: number;
  isWhole: boolean;
}

/** Return how a setting is edited; one that may be null is left empty for it. */
export function inputOf(schema: Schema): Input {
  const parts = schema.anyOf ?? [schema];
  const map = parts.find((part) => part.type === "object");
  const one = map ?? parts.find((part) => part.type !== "null") ?? schema;
  const limits = {
    ...(one.minimum !== undefined && { min: one.minimum }),
    ...(one.maximum !== undefined && { max: one.maximum }),
    ...(one.maxLength !== undefined && { maxLength: one.maxLength }),
    isWhole: one.type === "integer",
  };
  if (map || one.type === "array") {
    return { kind: "lines", choices: [], isWhole: false };
  }
  if (one.type === "boolean") {
    return { kind: "choice", choices: ["true", "false"], ...limits };
  }
  if (one.enum) {
    return { kind: "choice", choices: one.enum, ...limits };
  }
  return { kind: one.type === "string" ? "text" : "number", choices: [], ...limits };
}

/** Return a stored value as text; what is not set is empty. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) {
    return "";
  }
  if (Array.isArray(value)) {
    return value.join("\n");
  }
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, one]) => (one === null ? name : `${name} = ${one}`))
      .join("\n");
  }
  return String(value);
}

/** Return the value of a text, or undefined if empty; what is not a number is sent as text, and the server refuses it. */
export function valueFrom(text: string, schema: Schema): unknown {
  const trimmed = text.trim();
  if (trimmed === "") {
    return undefined;
  }
  const { kind, choices } = inputOf(schema);
  if (kind === "number") {
    return numberOr(trimmed);
  }
  if (kind === "lines") {
    return schema.type === "array" ? Object.keys(linesOf(trimmed)) : linesOf(trimmed);
  }
  return choices[0] === "true" ? trimmed === "true" : trimmed;
}

function linesOf(text: string): Record<string, unknown> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", ...rest] = line.split("=");
      const value = rest.join("=").trim();
      return [name.trim(), value === "" ? null : numberOr(value)];
    }),
  );
}

function numberOr(text: string): number | string {
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}
