import { active, keyOf, keyWords, ownKeys } from "../shortcuts/shortcuts.ts";
import { useStore } from "../store.ts";

/** The key that a shortcut has for this person; nothing where it is switched off. */
export function Key({ of: id }: { of: string }) {
  const shortcut = useStore(active).find((one) => one.id === id);
  useStore(ownKeys);
  if (shortcut === undefined || keyOf(shortcut) === "") {
    return null;
  }
  return (
    <kbd className="key-hint" aria-hidden="true">
      {keyWords(keyOf(shortcut))}
    </kbd>
  );
}
