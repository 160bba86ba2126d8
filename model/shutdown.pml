/*
 * The shutdown of one parent, the root, and its workers. Names are those of the code; README.md says which function each
 * part stands for, and what is left out. A `#ifdef BREAK_...` breaks one rule of the protocol; check.js sets one at most.
 */

#ifndef WORKERS
#define WORKERS 3
#endif
/* Of the N slots, so many are ever taken. */
#if WORKERS > 2
#define N 3
#else
#define N 2
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
#ifndef UNREAD
#define UNREAD 0 /* Whether the time may be over when an ack has come, and is not read. */
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
#ifndef SHUTDOWNS
#define SHUTDOWNS 1 /* So many shutdowns; the process survives all but the last, each of which its event loop drives. */
#endif
#ifndef AGAIN
#define AGAIN 0 /* Workers 0 to AGAIN - 1 may register something again, once, when they have run their handlers. */
#endif
#ifndef RESTS
#define RESTS 0 /* Whether the process survives the last shutdown, too. */
#endif
#if SHUTDOWNS > 1 || RESTS
#define LIVES_ON
#endif

/* cells.ts: Phase, State. outcomes.ts: WorkerStatus. */
mtype:phase = { running, begun, ordered, orderedSync };
mtype:state = { free, claimed, idle, joined, read, acked, failed };
mtype:status = { unknown, ok, notOk, timedOut, lost };
/* sequence.ts: what the parent's asynchronous driver awaits. */
mtype:stage = { working, drain, workers, handlers };

#define ALONE 100 /* What a worker acks that acted alone, and how many shutdowns it had survived then. */

/* The shared table: the header, then a slot a worker. */
mtype:phase phase = running;
bit doorbell; /* Rung since the parent looked: the code counts, and the parent compares. */
mtype:state slot[N] = free;
bit linked[N];
#ifdef LIVES_ON
bit joins;      /* A worker has joined since the parent looked: counted and compared as well. */
bit orderCell[N];   /* The order in a worker's slot, */
bit waits[N];   /* and whether the worker waits for that to change: workers/parent.ts: expectOwn(). */
bit woken[N];
byte life[N];   /* How many times it has been told that a shutdown is over. */
#endif

/* What crosses threads. A port is there once its link is delivered; what was posted before waits in it. */
bit linkOnItsWay[N];
bit withdrawn[N]; /* The worker has taken it back: it is nobody's any more. */
#ifdef LIVES_ON
#define LENGTH 6
#else
#define LENGTH 3
#endif
chan down[N] = [LENGTH] of { byte };    /* Orders: the epoch; 0 for `over`. */
chan up[N] = [LENGTH] of { byte, bit }; /* Acks: the epoch, and whether a handler has failed. */

/* Threads as the platform has them. `gone`: no step of it is left. `stopping`: terminate() was called. */
bit gone[N];
bit isDeaf[N]; /* It has acked and was told to end: what it is told now changes nothing, and is not posted. */
bit stopping[N];
bit over; /* The process has ended, and every thread with it. */

/* What the parent knows of each worker: children.ts and child.ts. */
bit known[N];
bit port[N];
byte epoch[N];
#ifdef LIVES_ON
byte orderedLife[N]; /* What `life` was when it was ordered. */
#endif
bit isOrderedSync[N];
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
#ifdef LIVES_ON
byte left = SHUTDOWNS - 1 + RESTS; /* So many shutdowns does the process still survive. */
bit wasTold[N];   /* The last report has told of it, */
bit isNew[N];     /* and it has registered something since. */
bit isDue[N];     /* It has something registered, and has joined. */
bit isFresh[N];   /* It has heard that the last shutdown is over, if there was one. */
#define mayLiveOn (left > 0 || RESTS)
#else
#define mayLiveOn false
#endif

byte hangs = HANGS;

#define hasAcked(w) (slot[w] == acked || slot[w] == failed)
#define isThrough(w) (hasAcked(w) || slot[w] == idle)
#define hasSlot(w) (slot[w] != free && slot[w] != claimed)
#define isOver(w) (!known[w] || exitSeen[w] || ended[w] != unknown || isThrough(w))
#if N > 2
#define any(array) (array[0] || array[1] || array[2])
#else
#define any(array) (array[0] || array[1])
#endif
#define nobodyPending (!any(pending))

/* --- A worker: workers/parent.ts, and the sequence of its own in thread.ts --- */

/*
 * workers/parent.ts: ack(), in three steps. What comes before it is one step with the first. A link that nobody has taken is taken back
 * first: withdraw().
 */
#define POST if :: (isLast || withdrawn[w]) && !linked[w] -> withdrawn[w] = 1 :: else -> up[w]!named, result fi
#if defined(LIVES_ON) && !defined(BREAK_NAMELESS_ACK)
#define named (current -> current : ALONE + life[w])
#else
#define named current
#endif
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

/* shutdown.ts, for a worker. */
inline begin() {
  hasRun = 1;
  if :: isHasty = 0 :: isHasty = 1 fi;
#ifdef LIVES_ON
  registered = 0;
  isDue[w] = 0;
  isFresh[w] = 0;
#endif
  ran[w]++;
  assert(ran[w] == 1) /* (1) No thread runs its handlers twice. */
}

/* life.ts: obey(). */
inline proceed() {
  again = isTold;
  isTold = 1;
#ifdef BREAK_RUN_AGAIN
  begin()
#else
  if :: !hasRun -> begin() :: else fi
#endif
}

/* workers/parent.ts: obey(). `current` is the order's epoch. */
inline obey() {
  isOrdered = 1;
  if :: !isThrough(w) -> slot[w] = read :: else fi;
#ifdef LIVES_ON
  expects = 0;
  if :: isClosing -> isTold = 1; again = 1 :: else -> proceed() fi
#else
  proceed()
#endif
}

/*
 * workers/parent.ts: flush(), for a thread that is about to end: what is said in a link that nobody has taken is lost with it. One in
 * haste has waited for as long as it may.
 */
#define isLast (isOwnEnd || isTold)
#if defined(BREAK_LEAVE_EARLY) || DEADLINES > 0
#define mayAck 1
#else
#define mayAck (!isLast || isHasty || !linkOnItsWay[w] || withdrawn[w] || phase == orderedSync)
#endif

#define isShutDown (phase == ordered || phase == orderedSync)
#ifdef LIVES_ON
/* What wakes it is faster than its timer. */
#define isExpecting ((isShutDown && slot[w] != idle) || hasOrder(w))
#define mayActAlone (expects && !isOrdered && seen == phase && isExpecting)
#elif defined(BREAK_RUN_AGAIN)
#define mayActAlone isShutDown
#else
#define mayActAlone (!isOrdered && isShutDown)
#endif

/* From now on `obey` would change nothing. */
inline listenNoMore() {
  isDeaf[w] = 1;
  do
  :: nempty(down[w]) -> down[w]?_
  :: empty(down[w]) -> break
  od
}

/* life.ts: hearOver(). close() comes once its shutdown is through, and takes a while. */
inline hearOver() {
  isTold = 0;
  if
  :: !hasRun
  :: hasRun && report -> isClosing = 1
  :: hasRun && !report -> isOverNext = 1
  fi
}

/* The same by the phase. What is in the port by now is of the shutdown that is over. */
inline seeOver() {
#ifndef BREAK_LEAVE_UNREAD
  do :: nempty(down[w]) -> down[w]?_ :: empty(down[w]) -> break od;
#endif
  hearOver()
}

/* workers/parent.ts: expectOrder(). */
#define expectOrder() expects = (expects || (!isOrdered && isShutDown && slot[w] != idle))

#ifdef BREAK_WOKEN_BY_LAST
#define hasOrder(w) true
#else
#define hasOrder(w) orderCell[w]
#endif
/* workers/parent.ts: expectOwn(): the order that was there before is heard of at once. */
#define expectOwn() if :: !waits[w] && orderCell[w] -> waits[w] = 1; woken[w] = 1 :: else -> waits[w] = 1 fi

proctype Worker(byte w) {
  bit isOrdered, isTold, again, hasRun, report, result, isOwnEnd, isHasty;
  byte current; /* The epoch of the order; 0 without one. */
#ifdef LIVES_ON
  mtype:phase seen = running;
  bit registered = 1; /* Something is, for the next shutdown. */
  bit expects;        /* A timer runs at whose end it acts alone, if no order has come. */
  bit isClosing, isOverNext, isObedient, hasAgain, isDelivered;
#endif

  {
    /*
     * register(): slots.ts: claim(), workers/parent.ts: join() and link(). It may be called at any time, or never. claim() takes the
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
#ifdef LIVES_ON
      isDue[w] = 1;
      isFresh[w] = 1;
      waits[w] = 1;
      joins = 1;
      seen = phase;
      expectOrder();
#endif
      if :: phase == running -> goto turn :: else fi
    };
    RING;

turn: /* Its event loop turns. */
    do
    :: atomic {
        down[w]?current ->
#ifdef LIVES_ON
        if
        :: current == 0 -> hearOver(); if :: !hasRun -> goto renew :: else -> goto turn fi
        :: else
        fi;
#endif
        obey()
      };
      if
      :: atomic { report && !again -> result = 0; FIRST; if :: mayLiveOn :: else -> listenNoMore() fi }; REST
      :: else
      fi
    /* workers/parent.ts: watch(), expectOrder() and actAlone(). The 100 ms of RELAY may be over at once. */
    :: atomic { mayActAlone -> current = 0; obey() }
    /* routes.ts: the loop runs empty, or process.exit() in the worker. */
    :: atomic { w >= WORKERS - OWN_ENDS && !hasRun -> isOwnEnd = 1; begin() }
    /* The last handler of it has settled. */
    :: atomic {
        hasRun && !report && mayAck ->
        report = 1;
        isOrdered = 1;
        done[w] = 1;
        saidOnPort[w] = (isTold && linked[w]);
        waited[w] = (isOwnEnd && !isHasty && phase != orderedSync);
        if :: result = 0 :: w < FAILURES -> result = 1 fi;
        FIRST;
#ifdef LIVES_ON
        expects = 0;
        isClosing = isOverNext;
        isOverNext = 0;
#endif
        if :: isTold && !mayLiveOn -> listenNoMore() :: else fi
      };
      REST;
      atomic { result = 0; if :: isDeaf[w] -> current = 0; again = 0 :: else fi }
    :: atomic { isOwnEnd && report -> gone[w] = 1 }
    :: atomic { hangs > 0 && !report -> hangs--; hung[w] = 1 }; false
#ifdef LIVES_ON
    /* workers/parent.ts: watch(). */
    :: atomic {
        seen != phase ->
        seen = phase;
#ifndef BREAK_OVER_UNHEARD
        if
        :: seen == running && !linked[w] -> hearOver(); if :: !hasRun -> goto renew :: else fi
        :: else
        fi;
#endif
        expectOrder()
      }
#ifndef BREAK_LINK_AFTER_OVER
    /* thread.ts: onLinked(). Whoever was over before its link was taken is not told by that. */
    :: atomic { linked[w] && !isDelivered -> isDelivered = 1; if :: isTold && phase == running -> seeOver() :: else fi }
#endif
    /* workers/parent.ts: expectOwn(): an order in its slot; by the port, if that has arrived. */
    :: atomic {
        woken[w] ->
        woken[w] = 0;
        waits[w] = (!isOrdered && !linked[w] && !hasOrder(w)); /* An order that is gone was of the last shutdown. */
        expects = (expects || (!isOrdered && !linked[w] && hasOrder(w)))
      }
    :: atomic { expects && (isOrdered || !isExpecting) -> expects = 0 }
    /* life.ts: use(). Whoever was told, and has not heard that this is over, looks at the phase. */
    :: atomic {
        w < AGAIN && !hasAgain && !registered && !isOwnEnd &&
        (!hasRun || (report && (isClosing || (isTold && phase == running)))) ->
        hasAgain = 1;
        registered = 1;
        done[w] = 0;
        isNew[w] = 1;
        if
        :: !hasRun -> goto join
        :: hasRun && isClosing
        :: hasRun && !isClosing ->
          seeOver()
        fi
      }
    /* life.ts: close(). It may have been told to end meanwhile. */
    :: atomic { isClosing && isTold && !registered -> isClosing = 0; result = 0; FIRST }; REST
    :: atomic { isClosing && !(isTold && !registered) -> isClosing = 0; isObedient = isTold; goto renew }
#endif
    od;

#ifdef LIVES_ON
renew: /* life.ts: renew(), workers/parent.ts: over(). */
    atomic { hasRun = 0; report = 0; isTold = 0; again = 0; isOrdered = 0; current = 0; ran[w] = 0; isFresh[w] = 1; life[w]++ };
#ifndef BREAK_CLEAR_LATE
    atomic { orderCell[w] = 0; expectOwn() };
#endif
    if
    :: registered ->
join: /* workers/parent.ts: join(), slots.ts: countJoin(). */
#ifdef BREAK_COUNT_FIRST
      joins = 1;
      atomic { slot[w] = joined; isDue[w] = 1 };
#else
      slot[w] = joined;
      atomic { joins = 1; isDue[w] = 1 };
#endif
      atomic { RING; expectOrder() }
#ifdef BREAK_KEEP_ACKED
    :: else
#else
    :: else -> slot[w] = idle
#endif
    fi;
#ifdef BREAK_CLEAR_LATE
    atomic { orderCell[w] = 0; waits[w] = 1 };
#endif
    atomic { if :: isObedient -> isObedient = 0; proceed() :: else fi; goto turn }
#endif
  } unless { gone[w] || over }
}

/* What becomes of threads: one that crashes, one that terminate() stops at last. */
proctype Fate() {
  byte crashes = CRASHES;
  {
    do
    :: atomic { crashes > 0 && !gone[0] -> crashes--; gone[0] = 1; crashed[0] = 1 }
    :: atomic { crashes > 0 && !gone[1] -> crashes--; gone[1] = 1; crashed[1] = 1 }
#if N > 2
    :: atomic { crashes > 0 && !gone[2] -> crashes--; gone[2] = 1; crashed[2] = 1 }
#endif
    :: atomic { stopping[0] && !gone[0] -> gone[0] = 1 }
    :: atomic { stopping[1] && !gone[1] -> gone[1] = 1 }
#if N > 2
    :: atomic { stopping[2] && !gone[2] -> gone[2] = 1 }
#endif
    od
  } unless { over }
}

/* --- The parent: children.ts, and the sequence under its two drivers --- */

#define each(w) w: 0 .. N - 1

/* collection.ts: done(). */
inline settled(w) {
  pending[w] = 0;
  expectsPort[w] = 0;
  if :: retiring[w] == 1 -> retiring[w] = 2 :: else fi
}

/* account.ts: settleBySlot(). */
inline withoutAck(w, otherwise) {
  if
  :: slot[w] == acked -> ended[w] = ok
  :: slot[w] == failed -> ended[w] = notOk
  :: else -> ended[w] = otherwise
  fi
}

/* port.ts: takeAck(). */
inline receive(w) {
  up[w]?number, result;
  if
#ifndef BREAK_STALE_ACK
  :: number > 0 && number < ALONE && number != epoch[w] /* A stale ack. */
#endif
#ifdef LIVES_ON
  :: epoch[w] != 0 && number >= ALONE && number < ALONE + orderedLife[w] /* The same, of a worker that acted alone. */
#endif
  :: else ->
    if
    :: ack[w] && epoch[w] != 0 /* A second ack. */
    :: else ->
      ack[w] = 1;
      ackFailed[w] = result;
      if :: slot[w] == read -> slot[w] = acked :: else fi;
      settled(w)
    fi
  fi;
  number = 0; result = 0
}

/* port.ts: readAll(). */
inline readAll(w) {
  do
  :: port[w] && len(up[w]) > 0 -> receive(w)
  :: else -> break
  od
}

/* order.ts: post(). */
inline post(w, byEpoch) {
  if
  :: epoch[w] == 0 ->
    ack[w] = 0;
    epoch[w] = byEpoch
#ifdef LIVES_ON
    ;
    orderedLife[w] = life[w]
#endif
  :: else
  fi;
  isOrderedSync[w] = sync;
#ifdef LIVES_ON
  orderCell[w] = 1;
  if :: waits[w] && !port[w] -> woken[w] = 1 :: else fi;
#endif
  if :: port[w] && !isDeaf[w] -> assert(nfull(down[w])); down[w]!epoch[w] :: else fi
}

/* collection.ts: send(). When the synchronous driver takes over, it orders again, by the same epoch. */
inline send(w) {
  if
  :: isOver(w)
  :: else ->
    if
    :: epoch[w] == 0 -> post(w, shutdown)
    :: epoch[w] != 0 && sync && !ack[w] && !isOrderedSync[w] ->
#ifdef BREAK_TAKE_OVER_EPOCH
      epochs++;
      epoch[w] = epochs;
#endif
      post(w, epoch[w])
    :: else
    fi;
    if :: !ack[w] -> pending[w] = 1 :: else fi
  fi
}

/* arrival.ts: findUndelivered(), for one. A worker of which this thread has seen the end has left its slot behind. */
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

/* arrival.ts: take(). A link whose owner has left its slot, or taken it back, is dropped. */
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

/* liveness.ts: leave(), on the Worker's 'exit' event. */
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
    :: phase == running -> /* remove(). */
      known[w] = 0; ack[w] = 0; ackFailed[w] = 0; ended[w] = unknown; epoch[w] = 0
    :: else
    fi
  :: else
  fi
}

#define hasNoPort(w) (pending[w] && !port[w])

/* collection.ts: follow() and expectPort(). */
inline followDoorbell() {
  if
#if N > 2
  :: hasNoPort(0) || hasNoPort(1) || hasNoPort(2) ->
#else
  :: hasNoPort(0) || hasNoPort(1) ->
#endif
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

/* collection.ts: readSlot(). */
inline readSlot(w) {
  if
  :: isThrough(w) -> withoutAck(w, lost); settled(w)
  :: else
  fi
}

/* children.ts: giveUp(). */
inline giveUp(w) {
  withoutAck(w, timedOut);
  if :: ended[w] == timedOut -> stopping[w] = 1 :: else fi;
  settled(w)
}

/* children.ts: involved() and hasNothingToTell(). */
#ifdef BREAK_TELL_UNORDERED
#define isUnordered(w) (slot[w] == idle || (hasAcked(w) && port[w]))
#else
#define isUnordered(w) (!hasAcked(w) || port[w])
#endif
#define hasNothingToTell(w) (epoch[w] == 0 && !ack[w] && ended[w] == unknown && isUnordered(w))
#define isInvolved(w) (known[w] && (epoch[w] != 0 || present[w]) && !hasNothingToTell(w))

/* alone.ts: retire() and cleanUp(): somebody calls worker.terminate(). */
inline retire(w) {
  findUndelivered(w);
  if
  :: isOver(w) || (ack[w] && epoch[w] != 0) -> retiring[w] = 3; stopping[w] = 1; crashed[w] = !known[w]
  :: else ->
    retiring[w] = 1;
    if :: epoch[w] == 0 -> epochs++; post(w, epochs) :: else fi
  fi
}

/* collection.ts: block(), its inner loop. */
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
#ifdef LIVES_ON
#define hasJoined(w) isDue[w]
#define isAwaited(w) hadJoined[w]
#define wasGivenUp(w) stopping[w] /* In this shutdown or in the last: it may have gone on for a while. */
#else
#define hasJoined(w) hasSlot(w)
#define isAwaited(w) (hadJoined[w] || port[w])
#define wasGivenUp(w) false
#endif
inline look() {
  for (each(w)) {
    findUndelivered(w);
    hadJoined[w] = (hadJoined[w] || (hasJoined(w) && !exitSeen[w]));
    if :: shutdown != 0 -> send(w) :: else fi
  }
  w = 0
}

/* arrival.ts: findNews(). Without a join since, there is nobody to look for. */
#ifdef LIVES_ON
inline lookForNews() {
  if
  :: joins -> joins = 0; look()
  :: else ->
    for (each(w)) { hadJoined[w] = (hadJoined[w] || (hasJoined(w) && !exitSeen[w])) }
    w = 0
  fi
}
#else
#define lookForNews() look()
#endif

#ifdef LIVES_ON
/* slots.ts: rest(). */
inline rest(w) {
  orderCell[w] = 0;
#if defined(BREAK_KEEP_ACKED)
  skip
#elif defined(BREAK_REST_ALL)
  if :: hasSlot(w) -> slot[w] = idle :: else fi
#else
  if :: hasAcked(w) -> slot[w] = idle :: else fi
#endif
}

/* children.ts: over(). */
inline liveOn(w) {
  if
  :: known[w] && exitSeen[w] -> known[w] = 0
  :: known[w] && !exitSeen[w] -> rest(w)
  :: else
  fi;
  epoch[w] = 0; ack[w] = 0; ackFailed[w] = 0; ended[w] = unknown; pending[w] = 0; present[w] = 0; expectsPort[w] = 0;
  isOrderedSync[w] = 0; hadJoined[w] = 0; wasGone[w] = 0; saidOnPort[w] = 0; waited[w] = 0;
  crashed[w] = (crashed[w] || stopping[w]);
  if :: port[w] -> assert(nfull(down[w])); down[w]!0 :: else fi
}
#endif

inline forget(w) {
  slot[w] = free; linked[w] = 0; linkOnItsWay[w] = 0; withdrawn[w] = 0; gone[w] = 0; isDeaf[w] = 0; stopping[w] = 0;
  known[w] = 0; port[w] = 0; epoch[w] = 0; pending[w] = 0; ack[w] = 0; ackFailed[w] = 0; ended[w] = unknown; present[w] = 0;
  exitSeen[w] = 0; expectsPort[w] = 0; retiring[w] = 0; isOrderedSync[w] = 0; ran[w] = 0; done[w] = 0; saidOnPort[w] = 0; waited[w] = 0;
  hung[w] = 0; crashed[w] = 0; hadJoined[w] = 0; wasGone[w] = 0;
#ifdef LIVES_ON
  life[w] = 0; orderedLife[w] = 0; orderCell[w] = 0; waits[w] = 0; woken[w] = 0; wasTold[w] = 0; isNew[w] = 0; isDue[w] = 0; isFresh[w] = 0;
#endif
  do :: len(down[w]) > 0 -> down[w]?number :: len(up[w]) > 0 -> up[w]?number, result :: else -> break od;
  number = 0; result = 0
}

/* The process survives all shutdowns but the last, and begins no other where it survives that one, too. */
#ifdef LIVES_ON
#define mayBegin (left > 0 || !RESTS)
#define mayEnd (left == 0 && !RESTS)
#else
#define mayBegin true
#define mayEnd true
#endif

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
#if N > 2
  :: linkOnItsWay[2] -> atomic { accept(2) }
#endif
  :: port[0] && nempty(up[0]) -> atomic { receive(0) }
  :: port[1] && nempty(up[1]) -> atomic { receive(1) }
#if N > 2
  :: port[2] && nempty(up[2]) -> atomic { receive(2) }
#endif
  :: gone[0] && !exitSeen[0] -> atomic { leave(0) }
  :: gone[1] && !exitSeen[1] -> atomic { leave(1) }
#if N > 2
  :: gone[2] && !exitSeen[2] -> atomic { leave(2) }
#endif
  /* collection.ts: follow(). */
  :: follows && doorbell -> followDoorbell()
  :: expectsPort[0] -> atomic { expectsPort[0] = 0; if :: !port[0] -> readSlot(0) :: else fi }
  :: expectsPort[1] -> atomic { expectsPort[1] = 0; if :: !port[1] -> readSlot(1) :: else fi }
#if N > 2
  :: expectsPort[2] -> atomic { expectsPort[2] = 0; if :: !port[2] -> readSlot(2) :: else fi }
#endif
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
  :: atomic { stage == working && mayBegin -> goto beginning }
#endif
  :: atomic { stage == drain -> goto order }
  :: atomic { stage == workers && nobodyPending -> goto terminateSilent }
#if DEADLINES > 0
  :: stage == workers && !nobodyPending -> atomic { timeIsUp = 1; goto terminateSilent }
#endif
#if UNREAD > 0
  :: stage == workers && pending[0] && hasAcked(0) -> atomic { timeIsUp = 1; goto terminateSilent }
#endif
  :: atomic { stage == handlers -> goto handle }
#if ROUTES & SYNCHRONOUS
  :: atomic { stage == working && mayEnd -> sync = 1; goto beginning }
#endif
#if RESTS
  /* (7) Nothing moves any more: every worker has heard that the shutdown is over. */
  :: atomic {
    timeout && stage == working && left == 0 ->
    for (each(w)) { assert(slot[w] == free || gone[w] || hung[w] || (isFresh[w] && slot[w] == (isDue[w] -> joined : idle))) }
    goto end
  }
#endif
#if ROUTES & TAKE_OVER
  :: atomic { stage == drain && mayEnd -> sync = 1; goto block }
  :: atomic { stage == workers && mayEnd -> sync = 1; goto block }
  :: atomic {
    stage == handlers && mayEnd ->
    sync = 1;
#ifdef BREAK_TAKE_OVER_REPEATS
    handler = 0;
#endif
    goto handle
  }
#endif
  od;

beginning: /* shutdown.ts, children.ts: begin(). */
  atomic {
    phase = begun;
    for (each(w)) { wasGone[w] = exitSeen[w] }
    w = 0
  };
  atomic {
    look();
    for (each(w)) { present[w] = (known[w] && !exitSeen[w] && slot[w] != idle) }
    w = 0;
    if :: sync -> goto block :: else -> stage = drain; goto turn fi
  };

order: /* children.ts: order(), and thread.ts: workers.start(). */
  atomic {
    if :: shutdown == 0 -> epochs++; shutdown = epochs :: else fi;
    look()
  };
  if :: !follows -> followDoorbell() :: else fi;
  atomic { phase = ordered; stage = workers; goto turn };

block: /* collection.ts: block(). */
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
    atomic { lookForNews() };
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
      assert(!isAwaited(w) || ack[w] || ended[w] != unknown || exitSeen[w] || isThrough(w))
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

tell: /* children.ts: reports(), account.ts: reportOf(). */
  atomic {
    for (each(w)) {
      reported = isInvolved(w);
      if :: !ack[w] && ended[w] == unknown -> withoutAck(w, timedOut) :: else fi;
      status = (ack[w] -> (ackFailed[w] -> notOk : ok) : ended[w]);
      /* (2) Each worker that had joined has acked, or has a status. */
      assert(!hadJoined[w] || reported || done[w]);
#ifdef LIVES_ON
      /* One that has registered nothing since the last report is not in this one. */
      assert(!(reported && wasTold[w] && !isNew[w]));
      wasTold[w] = (reported && !stopping[w] && (status == ok || status == notOk));
      isNew[w] = 0;
#endif
      /* A status tells the truth. */
      assert(!reported || done[w] || (status != ok && status != notOk) || wasGivenUp(w));
      assert(!reported || gone[w] || status != lost);
      assert(!reported || timeIsUp || status != timedOut);
      /* Nobody waits for a worker whose end was seen before. */
      assert(!(wasGone[w] && reported));
      /* What a worker says of its handlers is read, where its link was delivered. */
      assert(!(reported && retiring[w] == 0 && saidOnPort[w]) || ack[w] || timeIsUp || wasGivenUp(w));
      /* (5) A clean worker has run its handlers. */
      assert(!hadJoined[w] || done[w] || crashed[w] || hung[w] || timeIsUp)
    }
#ifdef LIVES_ON
    if :: left > 0 -> left--; goto survive :: else fi
  };
end: /* Every thread ends with the process. */
  atomic {
#endif
    over = 1;
    /* All ends are one. */
    for (each(w)) { forget(w) }
    w = 0; stage = working; sync = 0; shutdown = 0; epochs = 0; follows = 0; reported = 0; status = unknown;
    timeIsUp = 0; doorbell = 0; phase = running; hangs = 0; handled = 0;
#ifdef LIVES_ON
    joins = 0; left = 0;
    goto gone_
  };

survive: /* life.ts: renew(). */
  phase = running;
  atomic {
    for (each(w)) { liveOn(w) }
    w = 0;
    stage = working; shutdown = 0; handler = 0; second = 0; handled = 0; timeIsUp = 0; reported = 0; status = unknown;
    goto turn
  };

gone_:
  skip
#else
  }
#endif
}

#ifdef LIVES_ON
#define START(w) slot[w] = joined; linkOnItsWay[w] = 1; isDue[w] = 1; waits[w] = 1; joins = 1; isFresh[w] = 1
#else
#define START(w) slot[w] = joined; linkOnItsWay[w] = 1
#endif

init {
  atomic {
#if WORKERS - JOINERS > 0
    START(0)
#endif
#if WORKERS - JOINERS > 1
    START(1)
#endif
#if WORKERS - JOINERS > 2
    START(2)
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
