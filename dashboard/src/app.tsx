import { signOut } from "firebase/auth";
import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from "preact-iso";
import type { Backend } from "./backend";
import { useDocument } from "./live";
import type { StoredPolicy } from "./model";
import { useIsOnline } from "./online";
import { Admin } from "./pages/admin";
import { DecisionPage } from "./pages/decision";
import { Decisions } from "./pages/decisions";
import { HealthPage } from "./pages/health";
import { Ledger } from "./pages/ledger";
import { Now } from "./pages/now";
import { Positions } from "./pages/positions";
import { Settings } from "./pages/settings";
import { SignInPage } from "./pages/sign-in";
import * as paths from "./paths";
import { SessionContext, type SignIn, useRole, useSession, useSignIn } from "./session";
import { AccountBadge } from "./ui/account-badge";
import { OFFLINE_ID } from "./ui/act";
import { Trouble } from "./ui/states";
import { PolicyContext, TradingBar, TradingControl } from "./ui/trading-state";
import { setZone } from "./zone";

/** Brings the chart library, which no other page needs. */
const Strategies = lazy(() => import("./pages/strategies").then((module) => module.Strategies));

const PAGES: [string, string][] = [
  ["/", "Now"],
  ["/strategies", "Strategies"],
  ["/positions", "Positions"],
  ["/decisions", "Decisions"],
  ["/ledger", "Ledger"],
  ["/health", "Health"],
  ["/settings", "Settings"],
  ["/admin", "Admin"],
];

/** Pages that a phone has a tab for; the others are behind "More". */
const TABS = 4;

export function App({ backend }: { backend: Backend }) {
  const signIn = useSignIn(backend);
  if (signIn.state === "loading") {
    return <p class="boot">Loading Maestro …</p>;
  }
  if (signIn.state === "signed-out") {
    return <SignInPage auth={backend.auth} isEmulator={backend.isEmulator} />;
  }
  if (signIn.state === "forbidden") {
    return <Forbidden why={signIn.why} backend={backend} />;
  }
  return <SignedIn key={signIn.user.uid} signIn={signIn} backend={backend} />;
}

type Claimed = Extract<SignIn, { state: "claimed" }>;

function SignedIn({ signIn: { user, tenant, role: claim }, backend }: { signIn: Claimed; backend: Backend }) {
  const role = useRole(backend.db, tenant, user, claim);
  if (role.state === "loading") {
    return <p class="boot">Loading Maestro …</p>;
  }
  if (role.state === "error" && !role.error.isForbidden) {
    return (
      <main class="lone">
        <Trouble error={role.error} retry={role.retry} />
      </main>
    );
  }
  if (role.state === "error" || role.value === undefined) {
    return <Forbidden why={`${user.email} is not a member of ${tenant}, or was disabled.`} backend={backend} />;
  }
  return (
    <SessionContext.Provider value={{ user, db: backend.db, tenant, role: role.value }}>
      <LocationProvider>
        <Frame backend={backend} isFromCache={role.isFromCache} />
      </LocationProvider>
    </SessionContext.Provider>
  );
}

function Forbidden({ why, backend }: { why: string; backend: Backend }) {
  return (
    <main class="lone">
      <h1>No access</h1>
      <p>{why}</p>
      <p>Ask an admin of your tenant to add you, then sign in again.</p>
      <button type="button" onClick={() => signOut(backend.auth)}>
        Sign out
      </button>
    </main>
  );
}

function Frame({ backend, isFromCache }: { backend: Backend; isFromCache: boolean }) {
  const { db, user, tenant, role } = useSession();
  const { path } = useLocation();
  const policy = useDocument<StoredPolicy>(paths.policy(db, tenant));
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  // A new page begins at its heading, for keyboard and screen reader
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
    } else {
      main.current?.focus();
      window.scrollTo(0, 0);
    }
  }, [path]);
  if (policy.state === "loading") {
    return <p class="boot">Loading Maestro …</p>; // it says which zone's times the pages show
  }
  const zone = policy.state === "ready" ? policy.value?.time_zone : undefined;
  setZone(typeof zone === "string" ? zone : undefined);
  return (
    <PolicyContext.Provider value={policy}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="who">
          <strong class="brand">Maestro</strong>
          <span class="tenant" title={tenant}>
            {tenant}
          </span>
          <AccountBadge />
          {backend.isEmulator && <span class="tag x-sm">emulator</span>}
        </div>
        <nav aria-label="Pages">
          <PageLinks pages={PAGES.slice(0, TABS)} path={path} />
          <More key={path} path={path} />
        </nav>
        <span class="spacer" />
        <TradingControl />
        <span class="muted user">
          {user.email} · {role}
        </span>
        <button type="button" class="quiet out" title={`${user.email} · ${role}`} onClick={() => signOut(backend.auth)}>
          Sign out
        </button>
      </header>
      <TradingBar />
      <Offline isFromCache={isFromCache} />
      <main id="main" ref={main} tabIndex={-1}>
        <ErrorBoundary>
          <Router>
            <Route path="/" component={Now} />
            <Route path="/decisions" component={Decisions} />
            <Route path="/decisions/:session" component={DecisionPage} />
            <Route path="/strategies" component={Strategies} />
            <Route path="/strategies/:name" component={Strategies} />
            <Route path="/positions" component={Positions} />
            <Route path="/ledger" component={Ledger} />
            <Route path="/health" component={HealthPage} />
            <Route path="/settings" component={Settings} />
            <Route path="/admin" component={Admin} />
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </main>
      <footer class="foot">
        <span class="muted">
          {user.email} · {role}
        </span>
        <button type="button" onClick={() => signOut(backend.auth)}>
          Sign out
        </button>
      </footer>
    </PolicyContext.Provider>
  );
}

function PageLinks({ pages, path }: { pages: [string, string][]; path: string }) {
  return (
    <>
      {pages.map(([href, name]) => (
        <a key={href} href={href} aria-current={isAt(path, href) ? "page" : undefined}>
          {name}
        </a>
      ))}
    </>
  );
}

/** The other pages: next to the tabs where there is room, behind a button on a phone. */
function More({ path }: { path: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const others = PAGES.slice(TABS);
  return (
    <>
      <button
        type="button"
        class="more"
        aria-expanded={isOpen}
        aria-current={others.some(([href]) => isAt(path, href)) ? "page" : undefined}
        onClick={() => setIsOpen(!isOpen)}
      >
        More
      </button>
      <div class={isOpen ? "others open" : "others"}>
        <PageLinks pages={others} path={path} />
      </div>
    </>
  );
}

const isAt = (path: string, href: string): boolean => (href === "/" ? path === "/" : path.startsWith(href));

/** Tell that what is shown may be old: the browser is offline, or Firestore answers from memory. */
function Offline({ isFromCache }: { isFromCache: boolean }) {
  const isOnline = useIsOnline();
  return (
    <div id={OFFLINE_ID} role="status" class={isOnline && !isFromCache ? "" : "offline"}>
      {!isOnline &&
        "Offline: what you see may be old, and nothing can be changed from here. It updates again once the connection is back."}
      {isOnline &&
        isFromCache &&
        "No answer from the server: what you see may be old. It updates again once there is one."}
    </div>
  );
}

function NotFound() {
  return (
    <>
      <h1>This page does not exist</h1>
      <p>
        <a href="/">Go to Now</a>
      </p>
    </>
  );
}
