/** What people did, in words: "log-in-refused" is "Log in refused". */
export function actionInWords(action: string): string {
  const words = action.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What an entry says beyond who, what and whom, by name. */
export function detailsInWords(details: Readonly<Record<string, unknown>>): [name: string, value: string][] {
  return Object.entries(details)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name.replaceAll("_", " "), inWords(value)]);
}

function inWords(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(inWords).join(", ");
  }
  if (typeof value === "object" && value !== null) {
    return detailsInWords(value as Record<string, unknown>)
      .map(([name, inner]) => `${name} ${inner}`)
      .join(", ");
  }
  return JSON.stringify(value);
}
