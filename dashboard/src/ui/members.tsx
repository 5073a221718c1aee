/** Who may sign in to the tenant, and as what; the command line changes it, as it makes passwords. */

import type { Timestamp } from "firebase/firestore";
import { timeOf, words } from "../format";
import { type Entry, useQuery } from "../live";
import type { Membership, Role } from "../model";
import * as paths from "../paths";
import { useSession } from "../session";
import { Command } from "./broker-status";
import { Csv } from "./csv";
import { Section, Table } from "./parts";
import { Loaded } from "./states";
import { Time } from "./time";

const MOST = 100;
const MAY: Record<Role, string> = {
  viewer: "looks",
  trader: "looks, trades, acknowledges alerts",
  admin: "looks, trades, sets the policy, halts and resumes trading",
};

type Member = Membership & { created_at?: Timestamp };

export function MembersSection() {
  const { db, tenant } = useSession();
  const members = useQuery<Member>(`members/${tenant}`, paths.members(db, tenant, MOST));
  return (
    <Section
      title="Users"
      aside={
        members.state === "ready" && (
          <Csv
            table="Users"
            rows={members.value}
            fields={{
              user: ({ value }) => value.email,
              role: ({ value }) => value.role,
              is_disabled: ({ value }) => value.disabled === true,
              member_since: ({ value }) => timeOf(value.created_at),
              uid: ({ id }) => id,
            }}
          />
        )
      }
    >
      <Loaded of={members} what="users">
        {(all) => (
          <>
            <Rows all={all.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)))} />
            {all.length === MOST && <p class="muted">Only the first {MOST} are shown.</p>}
          </>
        )}
      </Loaded>
      <Command does="An operator adds someone" command="user create … ann@example.com --role viewer" />
      <Command does="An operator changes a role" command="user role … ann@example.com trader" />
      <Command does="An operator removes someone" command="user remove … ann@example.com" />
    </Section>
  );
}

const nameOf = ({ id, value }: Entry<Member>): string => value.email ?? id;

function Rows({ all }: { all: Entry<Member>[] }) {
  const { user } = useSession();
  return (
    <Table caption="Users" columns={["User", "Role", "May", "Member since"]}>
      {all.map((one) => (
        <tr key={one.id}>
          <th scope="row">
            {nameOf(one)} {one.id === user.uid && <span class="tag">you</span>}
          </th>
          <td>{one.value.disabled ? <span class="warning">disabled</span> : words(one.value.role)}</td>
          <td class="c-wide">{one.value.disabled ? "nothing" : (MAY[one.value.role] ?? "nothing")}</td>
          <td>
            <Time at={timeOf(one.value.created_at)} as="day" />
          </td>
        </tr>
      ))}
    </Table>
  );
}
