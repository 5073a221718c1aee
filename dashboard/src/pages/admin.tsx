import { useSession } from "../session";
import { AlertHistory } from "../ui/alert-history";
import { BrokerStatus } from "../ui/broker-status";
import { ChannelsSection } from "../ui/channels";
import { MembersSection } from "../ui/members";
import { Heading, Section } from "../ui/parts";

/** What an admin looks after: alerts, broker, channels, people, policy; members without that role see what they may. */
export function Admin() {
  const { role } = useSession();
  return (
    <>
      <Heading title="Administration">Administration</Heading>
      <AlertHistory />
      <BrokerStatus />
      <Section title="Policy">
        <p>
          <a href="/settings">Settings</a> has every setting and the history of its changes.{" "}
          {role === "admin"
            ? "Change a field there, and “What would have changed” says what it would have meant for the last 90 sessions, before you save."
            : "An admin can change it."}
        </p>
      </Section>
      {role === "admin" ? (
        <>
          <ChannelsSection />
          <MembersSection />
        </>
      ) : (
        <Section title="Channels and users">
          <p class="empty">Only admins see where notifications go and who may sign in.</p>
        </Section>
      )}
    </>
  );
}
