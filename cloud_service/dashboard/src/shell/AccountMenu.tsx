import { Menu } from "@base-ui/react/menu";
import { Check, ChevronDown, CircleUser, KeyRound, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";

import { Dialog } from "../design/Dialog.tsx";
import { type Theme, theme } from "../design/theme.ts";
import { logOut } from "../session/accounts.ts";
import { ChangePassword } from "../session/ChangePassword.tsx";
import { useMe } from "../session/me.ts";
import { session } from "../session/session.ts";
import { useStore } from "../store.ts";

const THEMES: readonly { value: Theme; words: string; icon: typeof Sun }[] = [
  { value: "system", words: "As the system", icon: Monitor },
  { value: "light", words: "Light", icon: Sun },
  { value: "dark", words: "Dark", icon: Moon },
];

/** Who is logged in, as what and for which site; how the page looks; and the ways out. */
export function AccountMenu() {
  const me = useMe();
  const chosen = useStore(theme);
  const [changing, setChanging] = useState(false);
  const role = me.site === null ? me.role : `${me.role}, ${me.site}`;
  return (
    <div className="account" role="group" aria-label="Account">
      <Menu.Root modal={false}>
        <Menu.Trigger className="account-button">
          <CircleUser aria-hidden="true" />
          <span className="account-words">
            <strong>{me.user}</strong> <span className="quiet">{role}</span>
          </span>
          <ChevronDown aria-hidden="true" className="small" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={6} align="end">
            <Menu.Popup className="menu">
              <p className="menu-label account-in-menu">
                <strong>{me.user}</strong> {role}
              </p>
              <Menu.Group>
                <Menu.GroupLabel className="menu-label">Light or dark</Menu.GroupLabel>
                <Menu.RadioGroup
                  value={chosen}
                  onValueChange={(value: Theme) => {
                    theme.set(value);
                  }}
                >
                  {THEMES.map(({ value, words, icon: Icon }) => (
                    <Menu.RadioItem key={value} value={value} className="menu-item" closeOnClick={false}>
                      <Icon aria-hidden="true" />
                      {words}
                      <Menu.RadioItemIndicator className="menu-check">
                        <Check aria-hidden="true" />
                      </Menu.RadioItemIndicator>
                    </Menu.RadioItem>
                  ))}
                </Menu.RadioGroup>
              </Menu.Group>
              <Menu.Separator className="menu-line" />
              <Menu.Item
                className="menu-item"
                onClick={() => {
                  setChanging(true);
                }}
              >
                <KeyRound aria-hidden="true" />
                Change password…
              </Menu.Item>
              <Menu.Item
                className="menu-item"
                onClick={() => {
                  void logOut();
                }}
              >
                <LogOut aria-hidden="true" />
                Log out
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <Dialog
        title="Change password"
        open={changing}
        onClose={() => {
          setChanging(false);
        }}
      >
        <ChangePassword
          user={me.user}
          onChanged={() => {
            session.end("The password is changed: log in with the new one.");
          }}
          onCancel={() => {
            setChanging(false);
          }}
        />
      </Dialog>
    </div>
  );
}
