/*
 * The shutdown of one parent, the root, and its workers. Names are those of the code; README.md says which function each
 * part stands for, and what is left out. A `#ifdef BREAK_...` breaks one rule of the protocol; check.js sets one at most.
 */

#define N 3
#ifndef WORKERS
#define WORKERS 3 /* Of the N slots, so many are ever taken. */
#endif

/* What may happen in a run beside a clean shutdown; check.js sets other bounds. */
/* How the shutdown goes: by one driver, or by the asynchronous one until the other takes over. */
#define ASYNCHRONOUS 1
#define SYNCHRONOUS 2
#define TAKE_OVER 4
#ifndef ROUTES
#define ROUTES 7
#endif
#ifndef JOINERS
#define JOINERS WORKERS /* So many workers, the last ones, may join at any moment; the others have joined before. */
#endif
#ifndef CRASHES
#define CRASHES 0 /* So many workers die by themselves, at any moment. */
#endif
#ifndef HANGS
#define HANGS 0 /* So many workers stop for ever, before or in their handlers. */
#endif
#ifndef DEADLINES
#define DEADLINES 0 /* Whether a time limit may be over. */
#endif
#ifndef RETIRES
#define RETIRES 0 /* Workers 0 to RETIRES - 1 may be ended alone. */
#endif
#ifndef FAILURES
#define FAILURES 0 /* Workers 0 to FAILURES - 1 may have a handler that fails. */
#endif
#ifndef OWN_ENDS
#define OWN_ENDS 0 /* Workers WORKERS - OWN_ENDS to N - 1 may end by themselves. */
#endif

/* protocol.ts: Phase, State, WorkerStatus. */
mtype:phase = { running, begun, ordered, orderedSync };
mtype:state = { free, claimed, joined, read, acked, failed };
mtype:status = { unknown, ok, notOk, timedOut, lost };
/* sequence.ts: what the parent's asynchronous driver awaits. */
mtype:stage = { working, drain, workers, handlers };

/* The shared table: the header, then a slot a worker. */
mtype:phase phase = running;
bit doorbell; /* Rung since the parent looked: the code counts, and the parent compares. */
mtype:state slot[N] = free;
bit linked[N];

/* What crosses threads. A port is there once its link is delivered; what was posted before waits in it. */
bit linkOnItsWay[N];
bit withdrawn[N]; /* The worker has taken it back: it is nobody's any more. */
chan down[N] = [3] of { byte };    /* Orders: the epoch. */
chan up[N] = [3] of { byte, bit }; /* Acks: the epoch, and whether a handler has failed. */

/* Threads as the platform has them. `gone`: no step of it is left. `stopping`: terminate() was called. */
bit gone[N];
bit isDeaf[N]; /* It has acked and was told to end: what it is told now changes nothing, and is not posted. */
bit stopping[N];
bit over; /* The process has ended, and every thread with it. */

/* What the parent knows of each worker: links.ts and link.ts. */
bit known[N];
bit port[N];
byte epoch[N];
bit pending[N];
bit ack[N];
bit ackFailed[N];
mtype:status ended[N] = unknown;
bit present[N];
bit exitSeen[N];
bit expectsPort[N];
byte retiring[N]; /* 0: no, 1: awaits its ack, 2: its ack is in or its time is up, 3: terminated. */

/* What the properties ask for, and no thread reads. */
byte ran[N];
byte handled;
bit done[N];
bit saidOnPort[N]; /* It was told to end, and its link was taken when it acked. */
bit waited[N];     /* It has ended by itself, and awaited its link as long as it may take. */
bit hung[N];
bit crashed[N];
bit hadJoined[N]; /* Its slot said so when the parent looked last. */
bit wasGone[N];   /* Its end was seen before the shutdown began. */
bit timeIsUp;

byte hangs = HANGS;

#define isThrough(w) (slot[w] == acked || slot[w] == failed)
#define hasSlot(w) (slot[w] != free && slot[w] != claimed)
#define isOver(w) (!known[w] || exitSeen[w] || ended[w] != unknown || isThrough(w))
#define nobodyPending (!pending[0] && !pending[1] && !pending[2])

/* --- A worker: up.ts, and the sequence of its own in thread.ts --- */

/*
 * up.ts: ack(), in three steps. What comes before it is one step with the first. A link that nobody has taken is taken back
 * first: withdraw().
 */
#define POST if :: isLast && !linked[w] -> withdrawn[w] = 1 :: else -> up[w]!current, result fi
#define SAY slot[w] = (result -> failed : acked)
#define RING doorbell = 1
#if defined(BREAK_SLOT_BEFORE_ACK)
#define FIRST SAY
#define REST POST; RING
#elif defined(BREAK_RING_BEFORE_SLOT)
#define FIRST POST
#define REST RING; SAY
#else
#define FIRST POST
#define REST SAY; RING
#endif

/* thread.ts: begin(), for a worker. */
inline begin() {
  hasRun = 1;
  if :: isHasty = 0 :: isHasty = 1 fi;
  ran[w]++;
  assert(ran[w] == 1) /* (1) No thread runs its handlers twice. */
}

/* up.ts: obey(), and thread.ts: obey(). `current` is the order's epoch. */
inline obey() {
  isOrdered = 1;
  if :: !isThrough(w) -> slot[w] = read :: else fi;
  again = wasTold;
  wasTold = 1;
#ifdef BREAK_RUN_AGAIN
  begin()
#else
  if :: !hasRun -> begin() :: else fi
#endif
}

/*
 * up.ts: flush(), for a thread that is about to end: what is said in a link that nobody has taken is lost with it. One in
 * haste has waited for as long as it may.
 */
#define isLast (isOwnEnd || wasTold)
#if defined(BREAK_LEAVE_EARLY) || DEADLINES > 0
#define mayAck 1
#else
#define mayAck (!isLast || isHasty || !linkOnItsWay[w] || phase == orderedSync)
#endif

#ifdef BREAK_RUN_AGAIN
#define mayActAlone (phase == ordered || phase == orderedSync)
#else
#define mayActAlone (!isOrdered && (phase == ordered || phase == orderedSync))
#endif

/* From now on `obey` would change nothing. */
inline listenNoMore() {
  isDeaf[w] = 1;
  do
  :: nempty(down[w]) -> down[w]?_
  :: empty(down[w]) -> break
  od
}

proctype Worker(byte w) {
  bit isOrdered, wasTold, again, hasRun, report, result, isOwnEnd, isHasty;
  byte current; /* The epoch of the order; 0 without one. */

  {
    /*
     * register(): slots.ts: claim(), up.ts: join() and link(). It may be called at any time, or never. claim() takes the
     * lowest slot, so that workers are numbered as they join.
     */
    if
    :: w < WORKERS - JOINERS -> goto turn
    :: else
    fi;
    atomic { (w == 0 || slot[w - 1] != free || gone[w - 1]) -> slot[w] = claimed };
    atomic {
      slot[w] = joined;
      linkOnItsWay[w] = 1;
      if :: phase == running -> goto turn :: else fi
    };
    RING;

turn: /* Its event loop turns. */
    do
    :: atomic { down[w]?current -> obey() };
      if
      :: atomic { report && !again -> result = 0; FIRST; listenNoMore() }; REST
      :: else
      fi
    /* up.ts: watch(), expectOrder() and actAlone(). The 100 ms of RELAY may be over at once. */
    :: atomic { mayActAlone -> current = 0; obey() }
    /* routes.ts: the loop runs empty, or process.exit() in the worker. */
    :: atomic { w >= WORKERS - OWN_ENDS && !hasRun -> isOwnEnd = 1; begin() }
    /* The last handler of it has settled. */
    :: atomic {
        hasRun && !report && mayAck ->
        report = 1;
        isOrdered = 1;
        done[w] = 1;
        saidOnPort[w] = (wasTold && linked[w]);
        waited[w] = (isOwnEnd && !isHasty && phase != orderedSync);
        if :: result = 0 :: w < FAILURES -> result = 1 fi;
        FIRST;
        if :: wasTold -> listenNoMore() :: else fi
      };
      REST;
      atomic { result = 0; if :: isDeaf[w] -> current = 0; again = 0 :: else fi }
    :: atomic { isOwnEnd && report -> gone[w] = 1 }
    :: atomic { hangs > 0 && !report -> hangs--; hung[w] = 1 }; false
    od
  } unless { gone[w] || over }
}

/* What becomes of threads: one that crashes, one that terminate() stops at last. */
proctype Fate() {
  byte crashes = CRASHES;
  {
    do
    :: atomic { crashes > 0 && !gone[0] -> crashes--; gone[0] = 1; crashed[0] = 1 }
    :: atomic { crashes > 0 && !gone[1] -> crashes--; gone[1] = 1; crashed[1] = 1 }
    :: atomic { crashes > 0 && !gone[2] -> crashes--; gone[2] = 1; crashed[2] = 1 }
    :: atomic { stopping[0] && !gone[0] -> gone[0] = 1 }
    :: atomic { stopping[1] && !gone[1] -> gone[1] = 1 }
    :: atomic { stopping[2] && !gone[2] -> gone[2] = 1 }
    od
  } unless { over }
}

/* --- The parent: links.ts, and the sequence under its two drivers --- */

#define each(w) w: 0 .. N - 1

/* links.ts: done(). */
inline settled(w) {
  pending[w] = 0;
  expectsPort[w] = 0;
  if :: retiring[w] == 1 -> retiring[w] = 2 :: else fi
}

/* link.ts: withoutAck(). */
inline withoutAck(w, otherwise) {
  if
  :: slot[w] == acked -> ended[w] = ok
  :: slot[w] == failed -> ended[w] = notOk
  :: else -> ended[w] = otherwise
  fi
}

/* links.ts: receive(). */
inline receive(w) {
  up[w]?number, result;
  if
  :: number != 0 && number != epoch[w] /* A stale ack. */
  :: else ->
    if
    :: ack[w] && epoch[w] != 0 /* A second ack. */
    :: else -> ack[w] = 1; ackFailed[w] = result; settled(w)
    fi
  fi;
  number = 0; result = 0
}

/* links.ts: readAll(). */
inline readAll(w) {
  do
  :: port[w] && len(up[w]) > 0 -> receive(w)
  :: else -> break
  od
}

/* link.ts: post(). */
inline post(w, byEpoch) {
  if
  :: epoch[w] == 0 -> ack[w] = 0; epoch[w] = byEpoch
  :: else
  fi;
  if :: port[w] && !isDeaf[w] -> assert(nfull(down[w])); down[w]!epoch[w] :: else fi
}

/*
 * links.ts: send(). When the synchronous driver takes over, the code orders again, by the same epoch: that tells where a
 * worker's output goes, and nothing else, so it is left out.
 */
inline send(w) {
  if
  :: isOver(w)
  :: else ->
    if :: epoch[w] == 0 -> post(w, shutdown) :: else fi;
    if :: !ack[w] -> pending[w] = 1 :: else fi
  fi
}

/* links.ts: findUndelivered(), for one. A worker of which this thread has seen the end has left its slot behind. */
inline findUndelivered(w) {
#ifndef BREAK_FORGET_UNDELIVERED
  if
  :: known[w] || !hasSlot(w)
#ifndef BREAK_KEEP_SLOT
  :: !known[w] && hasSlot(w) && exitSeen[w] -> slot[w] = free
  :: !known[w] && hasSlot(w) && !exitSeen[w] && !isThrough(w) -> known[w] = 1
  :: !known[w] && hasSlot(w) && !exitSeen[w] && isThrough(w)
#else
  /* A link made anew knows nothing of an end that was seen before. */
  :: !known[w] && hasSlot(w) && !isThrough(w) -> known[w] = 1; exitSeen[w] = 0
  :: !known[w] && hasSlot(w) && isThrough(w)
#endif
  fi
#else
  skip
#endif
}

#ifdef BREAK_TAKE_WITHDRAWN
#define isDropped(w) exitSeen[w]
#else
#define isDropped(w) (exitSeen[w] || withdrawn[w])
#endif

/* links.ts: accept(). A link whose owner has left its slot, or taken it back, is dropped. */
inline accept(w) {
  linkOnItsWay[w] = 0;
  if
  :: isDropped(w)
  :: else ->
    known[w] = 1;
    port[w] = 1;
    linked[w] = 1;
    if
    :: epoch[w] != 0 -> post(w, epoch[w])
    :: epoch[w] == 0 && shutdown != 0 -> send(w)
    :: else
    fi
  fi
}

/* links.ts: leave(), on the Worker's 'exit' event. */
inline leave(w) {
  exitSeen[w] = 1;
#if DEADLINES == 0
  /* (6) What it said at its end can be read. */
  assert(!waited[w] || linked[w]);
#endif
  if
  :: known[w] ->
    readAll(w);
    if :: !ack[w] && ended[w] == unknown -> withoutAck(w, lost) :: else fi;
    port[w] = 0;
#ifndef BREAK_KEEP_SLOT
    slot[w] = free;
#endif
    settled(w);
    if
    :: phase == running -> /* links.delete(). */
      known[w] = 0; ack[w] = 0; ackFailed[w] = 0; ended[w] = unknown; epoch[w] = 0
    :: else
    fi
  :: else
  fi
}

#define hasNoPort(w) (pending[w] && !port[w])

/* links.ts: follow() and expectPort(). */
inline followDoorbell() {
  if
  :: hasNoPort(0) || hasNoPort(1) || hasNoPort(2) ->
    follows = 1;
    doorbell = 0;
    atomic {
      for (each(w)) {
        if :: hasNoPort(w) && isThrough(w) -> expectsPort[w] = 1 :: else fi
      }
      w = 0
    }
  :: else -> follows = 0
  fi
}

/* links.ts: readSlot(). */
inline readSlot(w) {
  if
  :: isThrough(w) -> withoutAck(w, lost); settled(w)
  :: else
  fi
}

/* links.ts: giveUp(). */
inline giveUp(w) {
  withoutAck(w, timedOut);
  if :: ended[w] == timedOut -> stopping[w] = 1 :: else fi;
  settled(w)
}

/* links.ts: retire() and cleanUp(): somebody calls worker.terminate(). */
inline retire(w) {
  findUndelivered(w);
  if
  :: isOver(w) || (ack[w] && epoch[w] != 0) -> retiring[w] = 3; stopping[w] = 1; crashed[w] = !known[w]
  :: else ->
    retiring[w] = 1;
    if :: epoch[w] == 0 -> epochs++; post(w, epochs) :: else fi
  fi
}

/* links.ts: block(), its inner loop. */
inline readStates() {
  for (each(w)) { through[w] = (pending[w] && isThrough(w)) }
  w = 0
}
inline readPorts() {
  for (each(w)) {
    if :: pending[w] -> readAll(w) :: else fi
  }
  w = 0
}
inline readSlots() {
  for (each(w)) {
    if :: pending[w] && through[w] && !ack[w] -> readSlot(w) :: else fi;
    through[w] = 0
  }
  w = 0
}

/*
 * What the parent does for one worker after the other is one step here, for all: what a worker does meanwhile concerns
 * nobody but itself, so that it may as well have done it before or after.
 */
inline look() {
  for (each(w)) {
    findUndelivered(w);
    hadJoined[w] = (hadJoined[w] || (hasSlot(w) && !exitSeen[w]));
    if :: shutdown != 0 -> send(w) :: else fi
  }
  w = 0
}

inline forget(w) {
  slot[w] = free; linked[w] = 0; linkOnItsWay[w] = 0; withdrawn[w] = 0; gone[w] = 0; isDeaf[w] = 0; stopping[w] = 0;
  known[w] = 0; port[w] = 0; epoch[w] = 0; pending[w] = 0; ack[w] = 0; ackFailed[w] = 0; ended[w] = unknown; present[w] = 0;
  exitSeen[w] = 0; expectsPort[w] = 0; retiring[w] = 0; ran[w] = 0; done[w] = 0; saidOnPort[w] = 0; waited[w] = 0;
  hung[w] = 0; crashed[w] = 0; hadJoined[w] = 0; wasGone[w] = 0;
  do :: len(down[w]) > 0 -> down[w]?number :: len(up[w]) > 0 -> up[w]?number, result :: else -> break od;
  number = 0; result = 0
}

proctype Parent() {
  mtype:stage stage = working;
  bit sync, result, follows, second, reported, handler;
  bit through[N];
  byte epochs, shutdown; /* `shutdown`: its epoch, once the workers were ordered. */
  byte w, number;
  mtype:status status;

turn: /* The event loop turns. */
  do
  :: linkOnItsWay[0] -> atomic { accept(0) }
  :: linkOnItsWay[1] -> atomic { accept(1) }
  :: linkOnItsWay[2] -> atomic { accept(2) }
  :: port[0] && nempty(up[0]) -> atomic { receive(0) }
  :: port[1] && nempty(up[1]) -> atomic { receive(1) }
  :: port[2] && nempty(up[2]) -> atomic { receive(2) }
  :: gone[0] && !exitSeen[0] -> atomic { leave(0) }
  :: gone[1] && !exitSeen[1] -> atomic { leave(1) }
  :: gone[2] && !exitSeen[2] -> atomic { leave(2) }
  /* links.ts: follow(). */
  :: follows && doorbell -> followDoorbell()
  :: expectsPort[0] -> atomic { expectsPort[0] = 0; if :: !port[0] -> readSlot(0) :: else fi }
  :: expectsPort[1] -> atomic { expectsPort[1] = 0; if :: !port[1] -> readSlot(1) :: else fi }
  :: expectsPort[2] -> atomic { expectsPort[2] = 0; if :: !port[2] -> readSlot(2) :: else fi }
#if RETIRES > 0
  :: retiring[0] == 0 && !exitSeen[0] -> atomic { retire(0) }
  :: retiring[0] == 2 -> atomic { retiring[0] = 3; stopping[0] = 1 }
#if DEADLINES > 0
  :: retiring[0] == 1 -> atomic {
    timeIsUp = 1;
    retiring[0] = 2;
    if :: !ack[0] && ended[0] == unknown -> withoutAck(0, timedOut) :: else fi
  }
#endif
#endif
  /* An asynchronous route begins; process.exit() begins a synchronous one, or makes its driver take over. */
#if ROUTES & ASYNCHRONOUS
  :: atomic { stage == working -> goto beginning }
#endif
  :: atomic { stage == drain -> goto order }
  :: atomic { stage == workers && nobodyPending -> goto terminateSilent }
#if DEADLINES > 0
  :: stage == workers && !nobodyPending -> atomic { timeIsUp = 1; goto terminateSilent }
#endif
  :: atomic { stage == handlers -> goto handle }
#if ROUTES & SYNCHRONOUS
  :: atomic { stage == working -> sync = 1; goto beginning }
#endif
#if ROUTES & TAKE_OVER
  :: atomic { stage == drain -> sync = 1; goto block }
  :: atomic { stage == workers -> sync = 1; goto block }
  :: atomic {
    stage == handlers ->
    sync = 1;
#ifdef BREAK_TAKE_OVER_REPEATS
    handler = 0;
#endif
    goto handle
  }
#endif
  od;

beginning: /* thread.ts: begin(), links.ts: begin(). */
  atomic {
    phase = begun;
    for (each(w)) { wasGone[w] = exitSeen[w] }
    w = 0
  };
  atomic {
    look();
    for (each(w)) { present[w] = (known[w] && !exitSeen[w]) }
    w = 0;
    if :: sync -> goto block :: else -> stage = drain; goto turn fi
  };

order: /* links.ts: order(), and thread.ts: workers.start(). */
  atomic {
    if :: shutdown == 0 -> epochs++; shutdown = epochs :: else fi;
    look()
  };
  if :: !follows -> followDoorbell() :: else fi;
  atomic { phase = ordered; stage = workers; goto turn };

block: /* links.ts: block(). */
  atomic {
    if :: shutdown == 0 -> epochs++; shutdown = epochs :: else fi;
    look()
  };
  phase = orderedSync;
  do
  ::
#ifndef BREAK_RUNG_AFTER_LOOK
    doorbell = 0;
#endif
    atomic { look() };
#ifdef BREAK_SLOT_AFTER_PORT
    atomic { readPorts() };
    atomic { readStates(); readSlots() };
#else
    atomic { readStates() };
    atomic { readPorts(); readSlots() };
#endif
#ifdef BREAK_RUNG_AFTER_LOOK
    doorbell = 0;
#endif
    if
    :: nobodyPending -> break
    :: !nobodyPending && doorbell
#if DEADLINES > 0
    :: !nobodyPending -> timeIsUp = 1; break
#endif
    fi
  od;

terminateSilent:
  atomic {
    for (each(w)) {
      if :: pending[w] -> giveUp(w) :: else fi
    }
    w = 0;
    if :: second -> goto tell :: else fi;
    for (each(w)) {
      /* (4) The parent's handlers start when each worker that has joined is acked, dead or given up. */
      assert(!(hadJoined[w] || port[w]) || ack[w] || ended[w] != unknown || exitSeen[w] || isThrough(w))
    }
    w = 0
  };

handle: /* One handler stands for all: the next one is called in the same way. */
  atomic {
    if
    :: handler -> second = 1; if :: sync -> goto block :: else -> goto order fi
    :: else ->
      handler = 1;
      handled++;
      assert(handled == 1); /* (1) */
      if :: sync -> goto handle :: else -> stage = handlers; goto turn fi
    fi
  };

tell: /* links.ts: reports(), link.ts: reportOf(). */
  atomic {
    for (each(w)) {
      reported = known[w] && (epoch[w] != 0 || present[w]);
      if :: !ack[w] && ended[w] == unknown -> withoutAck(w, timedOut) :: else fi;
      status = (ack[w] -> (ackFailed[w] -> notOk : ok) : ended[w]);
      /* (2) Each worker that had joined has acked, or has a status. */
      assert(!hadJoined[w] || reported || done[w]);
      /* A status tells the truth. */
      assert(!reported || done[w] || (status != ok && status != notOk));
      assert(!reported || gone[w] || status != lost);
      assert(!reported || timeIsUp || status != timedOut);
      /* Nobody waits for a worker whose end was seen before. */
      assert(!(wasGone[w] && reported));
      /* What a worker says of its handlers is read, where its link was delivered. */
      assert(!(reported && retiring[w] == 0 && saidOnPort[w]) || ack[w] || timeIsUp);
      /* (5) A clean worker has run its handlers. */
      assert(!hadJoined[w] || done[w] || crashed[w] || hung[w] || timeIsUp)
    }
    over = 1;
    /* All ends are one. */
    for (each(w)) { forget(w) }
    w = 0; stage = working; sync = 0; shutdown = 0; epochs = 0; follows = 0; reported = 0; status = unknown;
    timeIsUp = 0; doorbell = 0; phase = running; hangs = 0
  }
}

init {
  atomic {
#if WORKERS - JOINERS > 0
    slot[0] = joined; linkOnItsWay[0] = 1;
#endif
#if WORKERS - JOINERS > 1
    slot[1] = joined; linkOnItsWay[1] = 1;
#endif
#if WORKERS - JOINERS > 2
    slot[2] = joined; linkOnItsWay[2] = 1;
#endif
    run Parent();
    run Worker(0);
#if WORKERS > 1
    run Worker(1);
#endif
#if WORKERS > 2
    run Worker(2);
#endif
#if CRASHES > 0 || RETIRES > 0 || DEADLINES > 0
    run Fate()
#endif
  }
}
