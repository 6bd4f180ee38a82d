import { Remembered } from "../remembered.ts";
import { Store } from "../store.ts";

/** A key that does something on this page. */
export interface Shortcut {
  /** Names it for good, so that a person's own key stays with it: "case.next-image". */
  readonly id: string;
  /** What it does, in words: "Next image". */
  readonly words: string;
  /** Under which heading the help lists it: "Case". */
  readonly group: string;
  /** The key as `KeyboardEvent.key` names it, with the modifiers before it: "n", "?", "ArrowRight", "Ctrl+Enter". */
  readonly key: string;
  /** Runs again and again while the key is held down: what moves does, what changes or leaves something does not. */
  readonly repeats?: boolean;
}

interface Active extends Shortcut {
  readonly run: (event: KeyboardEvent) => void;
}

/** A person's own keys, by the shortcut's id; an empty one switches the shortcut off. */
export const ownKeys = new Remembered<Readonly<Record<string, string>>>("shortcuts", readKeys, (keys) =>
  Object.keys(keys).length === 0 ? null : JSON.stringify(keys),
);

/** What the page at hand offers; the newest last. */
export const active = new Store<readonly Active[]>([]);

/** The key that a shortcut has for this person. */
export function keyOf({ id, key }: Shortcut): string {
  return ownKeys.get()[id] ?? key;
}

export function addShortcut(shortcut: Active): () => void {
  active.set([...active.get(), shortcut]);
  return () => {
    active.set(active.get().filter((other) => other !== shortcut));
  };
}

/**
 * Runs what the key stands for; where two shortcuts share one, the newest. Nothing while a person types, nor while a
 * window or a menu stands over the page: what lies behind it is out of sight or reach.
 */
export function onKey(event: KeyboardEvent): void {
  const isTyped = isTyping(event.target) && !event.ctrlKey && !event.metaKey;
  if (event.defaultPrevented || event.isComposing || isTyped || isCovered()) {
    return;
  }
  const pressed = nameOf(event);
  const shortcut = active.get().findLast((one) => keyOf(one) === pressed);
  if (shortcut !== undefined) {
    event.preventDefault();
    if (!event.repeat || shortcut.repeats === true) {
      shortcut.run(event);
    }
  }
}

/** A pressed key as shortcuts name it; null for a modifier alone. */
export function nameOf(event: KeyboardEvent): string | null {
  if (["Control", "Shift", "Alt", "Meta", "AltGraph"].includes(event.key)) {
    return null;
  }
  const modifiers = [];
  if (event.ctrlKey || event.metaKey) {
    modifiers.push("Ctrl");
  }
  if (event.altKey) {
    modifiers.push("Alt");
  }
  // Of a printed sign, Shift is a part already: "?" and "N".
  if (event.shiftKey && event.key.length > 1) {
    modifiers.push("Shift");
  }
  return [...modifiers, event.key === " " ? "Space" : event.key].join("+");
}

const SIGNS: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

/** A key's name for people. */
export function keyWords(key: string): string {
  const parts = key === "+" ? ["+"] : key.split("+");
  return parts.map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" + ");
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target instanceof HTMLTextAreaElement ||
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type)))
  );
}

function isCovered(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
}

function readKeys(kept: string | null): Readonly<Record<string, string>> {
  try {
    const found: unknown = JSON.parse(kept ?? "{}");
    const entries = Object.entries(found ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
