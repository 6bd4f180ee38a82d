import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useState } from "react";

import type { LogInProvider, UserView } from "../../api.gen.ts";
import { useMe } from "../../session/me.ts";
import { AdminPage } from "../AdminPage.tsx";
import { Asked } from "../Asked.tsx";
import { Confirm } from "../Confirm.tsx";
import { devicesQuery } from "../devices/api.ts";
import { RowMenu } from "../RowMenu.tsx";
import { StateSign } from "../StateSign.tsx";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";
import { AddUser } from "./AddUser.tsx";
import { changeUser, providerQuery, usersQuery } from "./api.ts";
import { ChangeUser } from "./ChangeUser.tsx";
import { OpenIdAccount } from "./OpenIdAccount.tsx";
import { wayIn } from "./openIdWords.ts";
import { ResetPassword } from "./ResetPassword.tsx";
import { logsIn, ROLES } from "./roles.ts";
import { Tokens } from "./Tokens.tsx";

/** What is being done, and to whom. */
type Deed = { what: "add" } | { what: DeedWithUser; user: UserView };
type DeedWithUser = "change" | "disable" | "enable" | "openid" | "reset" | "tokens";

/** Who is let in, as what, and for which site. */
export function UsersPage() {
  const users = useQuery(usersQuery);
  const devices = useQuery(devicesQuery);
  const provider = useQuery(providerQuery).data ?? null;
  const [deed, setDeed] = useState<Deed | null>(null);
  const sites = [...new Set((devices.data ?? []).map(({ site_id }) => site_id))].sort();
  return (
    <AdminPage
      title="Users"
      about="Who is let in, as what, and for which site. What each of them does stands in the audit trail."
      actions={
        <button
          type="button"
          className="primary"
          onClick={() => {
            setDeed({ what: "add" });
          }}
        >
          <UserPlus aria-hidden="true" /> Add a user
        </button>
      }
    >
      <Asked query={users} what="users">
        {(found) => <UserTable users={found} provider={provider} onChoose={setDeed} />}
      </Asked>
      {deed !== null && (
        <DeedDialog
          deed={deed}
          sites={sites}
          provider={provider}
          onClose={() => {
            setDeed(null);
          }}
        />
      )}
    </AdminPage>
  );
}

interface TableProps {
  users: readonly UserView[];
  provider: LogInProvider | null;
  onChoose: (deed: Deed) => void;
}

function UserTable({ users, provider, onChoose }: TableProps) {
  const now = useNow();
  const me = useMe();
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Users</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Role</th>
          <th scope="col">Site</th>
          <th scope="col">State</th>
          <th scope="col">Logs in by</th>
          <th scope="col">Last log-in</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.name} data-user={user.name}>
            <th scope="row">
              {user.name} {user.name === me.user && <span className="quiet">(you)</span>}
            </th>
            <td data-name="Role">{ROLES[user.role].word}</td>
            <td data-name="Site">{user.site ?? <span className="quiet">all</span>}</td>
            <td data-name="State">
              {user.disabled_at === null ? (
                <StateSign kind="good" words="Active" />
              ) : (
                <StateSign kind="off" words="Disabled">
                  {" "}
                  <When moment={user.disabled_at} now={now} />
                </StateSign>
              )}
            </td>
            <td data-name="Logs in by">
              <div className="signs">
                <StateSign {...wayIn(user, provider)}>
                  {user.openid_subject !== null && (
                    <code className="openid-subject" title={`Account at ${user.openid_issuer ?? ""}`}>
                      {user.openid_subject}
                    </code>
                  )}
                </StateSign>
              </div>
            </td>
            <td data-name="Last log-in">
              <When moment={user.last_log_in_at} now={now} never={logsIn(user.role) ? "never" : "by token only"} />
            </td>
            <td className="row-actions">
              <RowMenu name={user.name} deeds={deedsFor(user, provider, onChoose)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function deedsFor(user: UserView, provider: LogInProvider | null, onChoose: (deed: Deed) => void) {
  const choice = (name: string, what: DeedWithUser, isDestructive = false) => ({
    name,
    isDestructive,
    onChoose: () => {
      onChoose({ what, user });
    },
  });
  const accountChoice = () => {
    if (provider !== null && logsIn(user.role)) {
      return [choice(`Account at ${provider.name}…`, "openid")];
    }
    return user.openid_subject === null ? [] : [choice("Unbind from its provider…", "openid")];
  };
  return [
    choice("Role and site…", "change"),
    ...(logsIn(user.role) ? [choice("New password…", "reset")] : []),
    ...accountChoice(),
    choice("Tokens…", "tokens"),
    user.disabled_at === null ? choice("Disable…", "disable", true) : choice("Enable…", "enable"),
  ];
}

interface DialogProps {
  deed: Deed;
  sites: readonly string[];
  provider: LogInProvider | null;
  onClose: () => void;
}

function DeedDialog({ deed, sites, provider, onClose }: DialogProps) {
  switch (deed.what) {
    case "add":
      return <AddUser sites={sites} onClose={onClose} />;
    case "change":
      return <ChangeUser user={deed.user} sites={sites} onClose={onClose} />;
    case "reset":
      return <ResetPassword name={deed.user.name} onClose={onClose} />;
    case "openid":
      return <OpenIdAccount user={deed.user} provider={logsIn(deed.user.role) ? provider : null} onClose={onClose} />;
    case "tokens":
      return <Tokens user={deed.user} onClose={onClose} />;
    case "disable":
    case "enable":
      return <LetIn user={deed.user} letIn={deed.what === "enable"} onClose={onClose} />;
  }
}

function LetIn({ user: { name }, letIn, onClose }: { user: UserView; letIn: boolean; onClose: () => void }) {
  return (
    <Confirm
      title={letIn ? `Enable ${name}?` : `Disable ${name}?`}
      action={letIn ? "Enable" : "Disable"}
      doing={letIn ? "Enabling…" : "Disabling…"}
      isDestructive={!letIn}
      act={() => changeUser(name, { disabled: !letIn })}
      onClose={onClose}
    >
      <p>
        {letIn
          ? `${name} is let in again, with the former password and tokens.`
          : `${name} is let in no more: all sessions end at once and tokens open nothing. Enabling takes it back.`}
      </p>
    </Confirm>
  );
}
