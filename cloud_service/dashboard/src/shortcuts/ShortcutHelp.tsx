import { useEffect, useState } from "react";

import { Dialog } from "../design/Dialog.tsx";
import { useStore } from "../store.ts";
import { active, keyOf, keyWords, nameOf, ownKeys, type Shortcut } from "./shortcuts.ts";

/** All keys that do something on the page at hand, and the way to change them. */
export function ShortcutHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const shortcuts = useStore(active);
  const own = useStore(ownKeys);
  const groups = [...new Set(shortcuts.map(({ group }) => group))];
  return (
    <Dialog title="Keyboard shortcuts" open={open} onClose={onClose} wide>
      <div className="shortcut-groups">
        {groups.map((group) => (
          <section key={group} aria-label={group}>
            <h3>{group}</h3>
            <ul>
              {shortcuts
                .filter((shortcut) => shortcut.group === group)
                .map((shortcut) => (
                  <ShortcutLine key={shortcut.id} shortcut={shortcut} />
                ))}
            </ul>
          </section>
        ))}
      </div>
      <p className="quiet">
        Press a key’s button and then another key to change it; Delete switches the shortcut off. This browser remembers
        it.{" "}
        {Object.keys(own).length > 0 && (
          <button
            type="button"
            className="link"
            onClick={() => {
              ownKeys.set({});
            }}
          >
            Set all back
          </button>
        )}
      </p>
    </Dialog>
  );
}

function ShortcutLine({ shortcut }: { shortcut: Shortcut }) {
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    if (!asking) {
      return undefined;
    }
    const take = (event: KeyboardEvent) => {
      const key = nameOf(event);
      if (key === null) {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      setAsking(false);
      if (key !== "Escape" && key !== "Tab") {
        ownKeys.set({ ...ownKeys.get(), [shortcut.id]: key === "Delete" ? "" : key });
      }
    };
    // Before the window that holds the focus closes on Escape.
    document.addEventListener("keydown", take, { capture: true });
    return () => {
      document.removeEventListener("keydown", take, { capture: true });
    };
  }, [asking, shortcut.id]);

  const key = keyOf(shortcut);
  const words = key === "" ? "off" : keyWords(key);
  return (
    <li>
      <span>{shortcut.words}</span>
      <button
        type="button"
        className="key"
        aria-label={asking ? `Press the new key for “${shortcut.words}”` : `${words}: change the key for “${shortcut.words}”`}
        onClick={() => {
          setAsking(true);
        }}
      >
        {asking ? "Press a key…" : words}
      </button>
    </li>
  );
}
