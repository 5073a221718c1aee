import { type Auth, signInWithEmailAndPassword } from "firebase/auth";
import { useState } from "preact/hooks";
import { Heading } from "../ui/parts";

const WRONG = "E-mail or password is wrong.";
const MESSAGES: Record<string, string> = {
  "auth/invalid-credential": WRONG,
  "auth/wrong-password": WRONG,
  "auth/user-not-found": WRONG,
  "auth/user-disabled": "This account is disabled: ask an admin of your tenant.",
  "auth/too-many-requests": "Too many attempts: wait a few minutes, then try again.",
  "auth/network-request-failed": "There is no connection: check the network, then try again.",
};

export function SignInPage({ auth, isEmulator }: { auth: Auth; isEmulator: boolean }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget as HTMLFormElement);
    setIsBusy(true);
    setProblem("");
    try {
      await signInWithEmailAndPassword(auth, String(entered.get("email")), String(entered.get("password")));
    } catch (error) {
      const code = (error as { code?: string }).code ?? "";
      setProblem(MESSAGES[code] ?? `Signing in failed (${code || error}).`);
      setIsBusy(false);
    }
  };
  return (
    <main class="lone">
      <Heading title="Sign in">Sign in to Maestro</Heading>
      <form onSubmit={submit} class="stack">
        <label>
          E-mail
          <input name="email" type="email" autocomplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <div role="alert" class="problem">
          {problem}
        </div>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Signing in …" : "Sign in"}
        </button>
      </form>
      {isEmulator && <p class="muted">This is the emulator: what you do here touches no cloud and no money.</p>}
    </main>
  );
}
