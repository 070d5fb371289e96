/*
 * The turn protocol of src/agents/turn under crashes. docs/proof.md says what is proved and what is assumed.
 *
 * scripts/proof.ts generates table.h: `decide` for every input. It also sets PROMPT_IDS and REPEATABLE, the capabilities
 * of the agent. A macro NO_... breaks one rule of the protocol, so that a test sees the property fail.
 *
 * Every process is one loop without a state of its own: a crash is an assignment to the globals. A poll that would change
 * nothing is not enabled, so every run is finite, and a run that stops before all prompts are answered is a deadlock.
 */
#include "table.h"

#ifndef PROMPTS
#define PROMPTS 2
#endif
#define PERSON PROMPTS
#define NONE 255

/* ---- The agent and its store ---- */
byte working = NONE;
byte last = NONE; /* Who wrote the last message. */
bool stored[PROMPTS], superseded[PROMPTS], ended[PROMPTS], endCancelled[PROMPTS], runaway[PROMPTS];
/* An agent without prompt ids: our driver remembers which prompt it has put in while its process lives. */
bool known[PROMPTS];

/* Requests that the agent has acknowledged. */
#define FREE 0
#define TAKEN 1  /* Not stored. */
#define STORED 2 /* Stored, and the work has not begun. */
byte requestOf[2], requestIs[2];
bool requestGoesOn[2];
#define NOTHING_ON_ITS_WAY (requestIs[0] == FREE && requestIs[1] == FREE)

/* ---- Our disk ---- */
bool cancelNote[PROMPTS], putNote[PROMPTS];

/* ---- The worker: two attempts, a stop that an attempt asked for, and the activity stopTurn ---- */
#define IDLE 0
#define SLOT 1   /* Waits for a turn slot of the host. */
#define ENTER 2  /* Waits in the fence. */
#define READ 3   /* Between two steps. */
#define LOOK 4   /* Has read the note of the cancel. */
#define NOTE 5   /* Is about to note the put. */
#define SEND 6
#define ABORT 7
#define OUT 8    /* Has an outcome to report. */
byte at[2], prompt[2], seen[2], puts[2], outcome[2], deed[2];
byte noted[2] = 2; /* 2: not read yet. */
bool ending[2], isNewProgram[2], gaveUp[2], sawCancel[2], goesOn[2], stopBegun[2];
byte followed = NONE; /* The attempt that ActiveTurns holds. */

#define FOLLOW 1
#define S_LOOK 2
#define S_NOTE 3
#define S_NOTE_IDLE 4
#define S_ABORT 5
#define ACTIVITY 1
byte stop[2], stopPrompt[2], stopFound[2];
bool stopEnding[2];
byte stopOwner = NONE;
bool isStopCurrent; /* Temporal counts on the activity that runs. */

/* ---- Temporal and the topic ---- */
byte next_ = 0;     /* The prompt at hand. */
bool begun, needed; /* The activity runTurn is scheduled; it waits for a worker. */
byte current = NONE;
bool cancelRequested, toStop;
byte toStopPrompt;
bool mayBeCancelled[PROMPTS], cancelReported[PROMPTS];

/* ---- How often what may happen ---- */
#ifndef FAULTS
#define FAULTS 3 /* of these in one run */
#endif
#define MAY(kind) (kind > 0 && faults > 0)
byte faults = FAULTS;
byte agentDeaths = 1, workerDeaths = 1, losses = 1, persons = 1, cancels = 1, limits = 1, cuts = 1;

#define DONE (next_ == PROMPTS && at[0] == IDLE && at[1] == IDLE && stop[0] == IDLE && stop[1] == IDLE && NOTHING_ON_ITS_WAY && working == NONE && !toStop)
#ifdef NO_SETTLING
#define SETTLED_IS_TRUE 0
#else
#define SETTLED_IS_TRUE 1 /* What has looked settled is: no request is on its way any more. */
#endif
#define WRITES(s) (at[s] == NOTE || at[s] == SEND || at[s] == ABORT)
#define IS_OURS(who) (who < PROMPTS)

byte q;

inline overtakeAll(p) {
  q = 0;
  do
  :: q < PROMPTS -> superseded[q] = superseded[q] || (stored[q] && q != p); q++
  :: else -> break
  od;
  q = 0
}

inline forgetKnown() {
  q = 0;
  do
  :: q < PROMPTS -> known[q] = false; q++
  :: else -> break
  od;
  q = 0
}

/* ---- The agent ---- */

inline store(i) {
  requestIs[i] = STORED;
  if
  :: requestGoesOn[i] -> skip
  :: else ->
#if !REPEATABLE
    assert(!stored[requestOf[i]]); /* put once: this agent keeps a second message. */
#endif
    if
    :: !stored[requestOf[i]] -> stored[requestOf[i]] = true; overtakeAll(requestOf[i]); last = requestOf[i]
    :: else -> skip
    fi
  fi
}

inline beginWork(i) {
  requestIs[i] = FREE;
  assert(!IS_OURS(working) || working == requestOf[i]); /* one writer */
  if
  :: superseded[requestOf[i]] -> assert(last == PERSON) /* put once: the model would answer the later prompt again */
  :: else ->
#if !REPEATABLE
    assert(working != requestOf[i] && !ended[requestOf[i]]); /* put once: this agent works a second time. */
#endif
    if
    :: !ended[requestOf[i]] ->
      assert(!cancelReported[requestOf[i]]); /* cancelled: nothing works on it once that was reported */
      working = requestOf[i]
    :: else -> skip
    fi
  fi;
  requestOf[i] = 0; requestGoesOn[i] = false
}

inline forgetRequest(i) { requestIs[i] = FREE; requestOf[i] = 0; requestGoesOn[i] = false }

active proctype Agent() {
  byte i;
  do
  :: DONE -> break
  :: atomic { requestIs[0] == TAKEN -> store(0) }
  :: atomic { requestIs[1] == TAKEN -> store(1) }
  :: atomic { requestIs[0] == TAKEN -> forgetRequest(0) } /* acknowledged, and never stored */
  :: atomic { requestIs[1] == TAKEN -> forgetRequest(1) }
  :: atomic { requestIs[0] == STORED && working != PERSON -> beginWork(0) }
  :: atomic { requestIs[1] == STORED && working != PERSON -> beginWork(1) }
  :: d_step { IS_OURS(working) -> ended[working] = true; working = NONE }
  :: d_step { IS_OURS(working) && MAY(cuts) && !runaway[working] -> cuts--; faults--; runaway[working] = true }
  :: atomic { IS_OURS(working) && MAY(cuts) -> cuts--; faults--; working = NONE; /* stops in the middle */
      if
      :: followed != NONE -> gaveUp[followed] = true /* and says why */
      :: skip
      fi }
  :: atomic { MAY(agentDeaths) -> agentDeaths--; faults--; working = NONE; forgetRequest(0); forgetRequest(1); isNewProgram[0] = true; isNewProgram[1] = true;
      if
      :: skip
      :: forgetKnown()
      fi }
  od
}

active proctype Person() {
  do
  :: DONE -> break
  :: d_step { working == PERSON -> working = NONE }
  :: atomic { MAY(persons) -> persons--; faults--;
      if
      :: IS_OURS(working) -> ended[working] = true /* The agent had answered it. */
      :: true
      fi;
      overtakeAll(PERSON); last = PERSON; working = PERSON }
  od
}

/* ---- One attempt: attempt.ts, run-turn.ts, fence.ts ---- */

#define VISIBLE(p) (PROMPT_IDS || known[p])
#define PRESENT(p) (stored[p] && VISIBLE(p))
#define ENDED(p) (ended[p] && VISIBLE(p))
#define SUPERSEDED(p) (superseded[p] && VISIBLE(p))

/* One look and what `decide` makes of it, without a change: a poll that would change nothing is not enabled. */
c_code {
  static struct { int deed, seen, noted, differs, onItsWay; } step;

  static void lookAgain(int s) {
    int p = now.prompt[s];
    int visible = PROMPT_IDS || now.known[p];
    int present = now.stored[p] && visible, end = now.ended[p] && visible, superseded = now.superseded[p] && visible;
    int busy = now.working == NONE ? 0 : now.last == PERSON ? 3 : now.last == p && visible ? 1 : 2;
    int fingerprint = 1 + present + 2 * superseded + 4 * end + 8 * now.runaway[p];
    step.onItsWay = now.requestIs[0] != FREE || now.requestIs[1] != FREE;
    int settled = !busy && now.seen[s] == fingerprint && (!step.onItsWay || !SETTLED_IS_TRUE);
    step.seen = busy ? 0 : fingerprint;
    step.noted = now.noted[s] != 2 ? now.noted[s] : !REPEATABLE && now.putNote[p];
    step.deed = table[INDEX(end, superseded, busy, present, now.runaway[p], settled, now.sawCancel[s], step.noted, now.puts[s], now.gaveUp[s] && now.puts[s] > 0)];
    step.differs = step.seen != now.seen[s] || step.noted != now.noted[s] || now.sawCancel[s] != now.cancelNote[p] || now.isNewProgram[s];
  }

  static int mayAct(int s) {
    lookAgain(s);
#ifndef NO_ORDER
    /* Assumption 2: a request is stored or lost before an attempt at the next prompt looks. */
    if (step.deed == PUT && ((now.requestIs[0] != FREE && now.requestOf[0] != now.prompt[s]) || (now.requestIs[1] != FREE && now.requestOf[1] != now.prompt[s]))) return 0;
#endif
    /* Assumption 3. */
    if (REPEATABLE && step.deed == REPORT_CANCELLED && now.working == PERSON && !now.stored[now.prompt[s]] && step.onItsWay) return 0;
    return (step.deed != WAIT && step.deed != LOOK_AGAIN) || step.differs;
  }

  static void take(int s) {
    lookAgain(s);
    now.deed[s] = step.deed; now.seen[s] = step.seen; now.noted[s] = step.noted;
  }
}

inline leave(s) {
  if
  :: stopOwner == s -> stopOwner = NONE
  :: else -> skip
  fi;
  at[s] = IDLE; prompt[s] = 0; seen[s] = 0; puts[s] = 0; outcome[s] = 0; deed[s] = 0; noted[s] = 2;
  ending[s] = false; isNewProgram[s] = false; gaveUp[s] = false; sawCancel[s] = false; goesOn[s] = false; stopBegun[s] = false;
  if
  :: followed == s -> followed = NONE
  :: else -> skip
  fi
}

inline act(s) {
  c_code { take(PAttempt->s); };
  if
  :: deed[s] == HARVEST ->
    assert(ended[prompt[s]] && working != prompt[s]); /* honest: only what has ended is reported as ended */
    outcome[s] = (endCancelled[prompt[s]] && !runaway[prompt[s]] -> REPORT_CANCELLED : HARVEST);
    at[s] = OUT
  :: deed[s] == REPORT_CANCELLED || deed[s] == REPORT_UNKNOWN || deed[s] == REPORT_STUCK -> outcome[s] = deed[s]; at[s] = OUT
  :: deed[s] == WAIT || deed[s] == LOOK_AGAIN -> at[s] = READ
  :: deed[s] == DO_ABORT -> at[s] = ABORT
  :: deed[s] == PUT || deed[s] == GO_ON ->
    assert(!sawCancel[s]); /* cancelled: never put in or gone on with once that was noted */
    assert(working == NONE); /* one writer: never put in while something works */
    assert(!SUPERSEDED(prompt[s]) && !ENDED(prompt[s])); /* put once: never after its end */
    assert(deed[s] == PUT || PRESENT(prompt[s]));
    goesOn[s] = PRESENT(prompt[s]);
    at[s] = (!REPEATABLE && !goesOn[s] -> NOTE : SEND)
  fi;
  deed[s] = 0
}

inline send(s, i) {
  assert(!WRITES(1 - s)); /* one writer: the fence */
  if
  :: puts[s] < MAX_PUTS -> puts[s]++
  :: else -> skip
  fi;
  seen[s] = 0; gaveUp[s] = false;
  requestIs[i] = TAKEN; requestOf[i] = prompt[s]; requestGoesOn[i] = goesOn[s];
  known[prompt[s]] = true; goesOn[s] = false;
  at[s] = READ
}

#ifdef NO_FENCE
#define FENCE_OPEN(s) true
#else
#ifdef NO_FENCE_FOR_STOPS
#define FENCE_OPEN(s) (at[1 - s] < READ)
#else
#define FENCE_OPEN(s) (at[1 - s] < READ && (stop[0] == IDLE || stopOwner == s) && stop[ACTIVITY] == IDLE)
#endif
#endif

inline abortWork() {
  if
  :: working == NONE -> skip
  :: IS_OURS(working) -> ended[working] = true; endCancelled[working] = true; working = NONE
  :: working != NONE -> working = NONE /* looks like one that a crash cut off */
  fi
}

inline over() {
  next_++; begun = false; needed = false; current = NONE; cancelRequested = false
}

/* The topic ends the turn by itself, and leaves a note for the next contact with the agent. */
inline cancelByTopic() { toStop = true; toStopPrompt = next_; over() }

inline dispatch(s) {
  needed = false; at[s] = SLOT; prompt[s] = next_; current = s
}

/* Also a continue-as-new in mid-turn: the run after it schedules the turn again, and the attempt is let go. */
inline giveUpAttempt() {
  current = NONE;
  if
  :: cancelRequested -> cancelByTopic()
  :: else -> needed = true
  fi
}

inline report(s) {
  if
  :: current == s ->
    if
    :: outcome[s] == REPORT_CANCELLED ->
      assert(mayBeCancelled[next_]); /* honest: only what was cancelled is reported as cancelled */
      assert(working != next_); /* cancelled: and nothing works on it */
      cancelReported[next_] = true
    :: else -> skip
    fi;
    over()
  :: else -> skip
  fi;
  leave(s)
}

proctype Attempt(byte s) {
  do
  :: DONE -> break
#ifdef NO_LOOK_AFTER_EARLY_STOP
  :: atomic { at[s] == SLOT && stopBegun[s] -> outcome[s] = REPORT_CANCELLED; at[s] = OUT }
#endif
  :: atomic { at[s] == SLOT -> at[s] = ENTER;
      if
      :: at[1 - s] != IDLE -> ending[1 - s] = true
      :: else -> skip
      fi;
      stopEnding[ACTIVITY] = stopEnding[ACTIVITY] || stop[ACTIVITY] != IDLE;
      stopEnding[0] = stopEnding[0] || (stop[0] != IDLE && stopOwner != s) }
  :: atomic { at[s] == ENTER && !ending[s] && FENCE_OPEN(s) -> at[s] = READ; followed = s; isNewProgram[s] = false }
  /* Detached: by a later attempt, or because Temporal has given this attempt up. */
  :: atomic { (at[s] == SLOT || at[s] == ENTER || at[s] == READ || at[s] == LOOK) && (ending[s] || current != s) ->
      if
      :: current == s -> leave(s); giveUpAttempt() /* It fails, and is tried again. */
      :: else -> leave(s)
      fi }
  :: atomic { at[s] == READ && !ending[s] ->
      assert(!stopBegun[s] || stop[0] != IDLE || cancelNote[prompt[s]]); /* cancelled: a stop of this attempt is not lost */
      at[s] = LOOK; sawCancel[s] = cancelNote[prompt[s]];
      if
      :: isNewProgram[s] -> isNewProgram[s] = false; puts[s] = 0; seen[s] = 0; gaveUp[s] = false
      :: else -> skip
      fi }
  :: atomic { at[s] == LOOK && c_expr { (mayAct(PAttempt->s)) } -> act(s) }
  :: d_step { at[s] == NOTE -> putNote[prompt[s]] = true; at[s] = SEND;
#ifndef NO_NOTE_KEPT
      noted[s] = true
#endif
      }
  :: atomic { at[s] == SEND && requestIs[0] == FREE -> send(s, 0) }
  :: atomic { at[s] == SEND && requestIs[0] != FREE && requestIs[1] == FREE -> send(s, 1) }
  :: atomic { at[s] == ABORT -> abortWork(); at[s] = READ }
  :: atomic { at[s] == OUT && !(stop[0] != IDLE && stopOwner == s) -> report(s) }
  od
}

/* ---- stop-turn.ts: 0 is asked for by an attempt, 1 is the activity ---- */

inline endStop(k) {
  stop[k] = IDLE; stopEnding[k] = false; stopPrompt[k] = 0; stopFound[k] = 0;
  if
  :: k == 0 -> stopOwner = NONE
  :: k == ACTIVITY && isStopCurrent -> toStop = false; isStopCurrent = false
  :: else -> skip
  fi
}

proctype Stop(byte k) {
  do
  :: DONE -> break
#ifdef NO_NAME_IN_STOP
  :: atomic { stop[k] == FOLLOW -> stop[k] = S_LOOK;
      if
      :: followed != NONE -> cancelNote[prompt[followed]] = true
      :: else -> skip
      fi }
#else
  :: atomic { stop[k] == FOLLOW -> cancelNote[stopPrompt[k]] = true;
      if
      :: followed != NONE && prompt[followed] != stopPrompt[k] -> endStop(k) /* That attempt stops what is left here. */
      :: else -> stop[k] = S_LOOK
      fi }
#endif
  :: atomic { stop[k] == S_LOOK && (stopEnding[k] || (k == 0 && (stopOwner == NONE || current != stopOwner))) -> endStop(k) }
  :: atomic { stop[k] == S_LOOK && !stopEnding[k] ->
      if
      :: working != NONE && last == PERSON -> endStop(k)
      :: working != NONE && last != PERSON -> stopFound[k] = last; stop[k] = (VISIBLE(last) -> S_NOTE : S_ABORT)
      :: working == NONE && IS_OURS(last) && VISIBLE(last) && !ended[last] -> stopFound[k] = last; stop[k] = S_NOTE_IDLE
      :: else -> endStop(k)
      fi }
  :: atomic { stop[k] == S_NOTE -> cancelNote[stopFound[k]] = true; stopFound[k] = 0; stop[k] = S_ABORT }
  :: atomic { stop[k] == S_NOTE_IDLE -> cancelNote[stopFound[k]] = true; endStop(k) }
  :: atomic { stop[k] == S_ABORT -> abortWork(); stop[k] = S_LOOK }
  od
}

/* ---- Temporal and the topic: turn.ts, live.ts, topic.ts, run-turn.ts, turn-attempt.ts ---- */

inline startStop(s) {
  stopBegun[s] = true; stop[0] = FOLLOW; stopOwner = s; stopPrompt[0] = prompt[s]
}

proctype Temporal() {
  do
  :: DONE -> break
  :: atomic { next_ < PROMPTS && !begun && !toStop -> begun = true; needed = true }
  /* stopIsOver */
  :: atomic { next_ < PROMPTS && !begun && toStop && !isStopCurrent -> toStop = false }
  :: atomic { next_ < PROMPTS && !begun && toStop && isStopCurrent && !stopEnding[ACTIVITY] -> stopEnding[ACTIVITY] = true }
  :: atomic { isStopCurrent && MAY(losses) -> losses--; faults--; isStopCurrent = false;
      if
      :: next_ < PROMPTS && !begun -> toStop = false /* It was cancelled, so it is not tried again. */
      :: else -> skip
      fi }
  :: atomic { toStop && !isStopCurrent && stop[ACTIVITY] == IDLE -> isStopCurrent = true; stop[ACTIVITY] = FOLLOW; stopPrompt[ACTIVITY] = toStopPrompt }
  :: atomic { needed && at[0] == IDLE -> dispatch(0) }
  :: atomic { needed && at[0] != IDLE && at[1] == IDLE -> dispatch(1) }
  /* No heartbeat comes: the worker is stopped or cut off, and comes back late. */
  :: atomic { current != NONE && MAY(losses) -> losses--; faults--; giveUpAttempt() }
  :: atomic { MAY(workerDeaths) -> workerDeaths--; faults--;
      at[0] = IDLE; at[1] = IDLE; leave(0); leave(1);
      stop[0] = IDLE; stop[1] = IDLE; stopEnding[0] = false; stopEnding[1] = false; stopOwner = NONE; stopPrompt[0] = 0; stopPrompt[1] = 0; stopFound[0] = 0; stopFound[1] = 0;
      forgetKnown();
      if
      :: current != NONE -> giveUpAttempt()
      :: else -> skip
      fi;
      if
      :: isStopCurrent -> isStopCurrent = false; toStop = (next_ < PROMPTS && !begun -> false : toStop)
      :: else -> skip
      fi }
  :: atomic { begun && MAY(cancels) -> cancels--; faults--; mayBeCancelled[next_] = true; cancelRequested = true;
      if
      :: needed -> cancelByTopic()
      :: else -> skip
      fi }
  /* The attempt hears of the cancel, or a limit of the turn stops it. */
  :: atomic { current != NONE && cancelRequested && !stopBegun[current] && stop[0] == IDLE && at[current] != OUT -> startStop(current) }
  :: atomic { current != NONE && MAY(limits) && !stopBegun[current] && stop[0] == IDLE && at[current] != OUT -> limits--; faults--; mayBeCancelled[next_] = true; startStop(current) }
  od
}

init {
  atomic { run Attempt(0); run Attempt(1); run Stop(0); run Stop(1); run Temporal() }
}
