import { Menu } from "@base-ui/react/menu";
import { Ellipsis } from "lucide-react";

export interface Deed {
  readonly name: string;
  readonly isDestructive?: boolean;
  readonly onChoose: () => void;
}

/** What can be done with one row of a table; by pointer, and by keyboard with Enter, arrows and Escape. */
export function RowMenu({ name, deeds }: { name: string; deeds: readonly Deed[] }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label={`Actions for ${name}`}>
        <Ellipsis aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-place" sideOffset={4} align="end">
          <Menu.Popup className="menu card">
            {deeds.map((deed) => (
              <Menu.Item key={deed.name} className={deed.isDestructive === true ? "menu-item danger" : "menu-item"} onClick={deed.onChoose}>
                {deed.name}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
