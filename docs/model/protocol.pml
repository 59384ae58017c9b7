/* The protocol of API, replicated Redis, worker and PostgreSQL. README.md says what is modelled, and how to run it.
 * spin tries every order in which the steps below can happen.
 *
 * A node's data set is a byte: three bits for each string, and one that an empty node lacks. Replication is a stream,
 * so what a replica has is what its primary had at some moment: to copy the whole data set at any time is exact. */
#ifndef REPLICAS
#define REPLICAS 1 /* or 2 */
#endif
#ifndef ACKS
#define ACKS REPLICAS /* replicas that must have a write on disk before it is acknowledged */
#endif
#ifndef STRINGS
#define STRINGS 2 /* or 1 */
#endif
#ifndef WORKERS
#define WORKERS 1
#endif
#ifndef CHANGE
#define CHANGE none
#endif

/* What CHANGE can be. Each breaks a promise, except for the first two. */
mtype = { none,
    one_script,                /* a dead letter replaces its entry in one script, which need not wait */
    acknowledge_before_wait,
    repeat_writes_nothing,
    wait_for_memory,           /* WAIT instead of WAITAOF */
    wait_for_replicas_only,    /* WAITAOF 0 n */
    complete_before_commit, complete_before_letter, letter_not_waited,
    trust_entry_id,            /* complete whatever has the entry's id now */
    no_primary_key,
    no_gate,
    gate_for_new_machines,     /* but not each time that a node starts without data */
    gate_opens_for_primary,    /* which is told to be a replica afterwards */
    resync_drops_first,        /* a replica deletes what it has, then copies */
    elect_empty, elect_linked, /* a replica without data; only one that has reached its primary since it started */
    two_machines               /* the next one is destroyed before the replacement of the last has the data */
}

#define ENTRY(s)  (1 << (s))  /* the journal has an entry of the string, and its record */
#define LETTER(s) (4 << (s))  /* its dead letter */
#define SEEN(s)   (16 << (s)) /* its append is part of this history, even if the entry was completed since */
#define WHOLE     64          /* the data set was not lost */
#define has(data, bits) (((data) & (bits)) != 0)

/* A shard: a primary and its replicas, each on a machine of its own. If there is one replica, node 2 does not exist. */
#define NONE 3
byte memory[3], disk[3]; /* the append-only file follows the memory */
byte follows[3];         /* itself: it takes itself for the primary. NONE: the gate keeps its port closed */
bool linked[3];          /* it has reached its primary since it started: counts for elect_linked alone */
byte leader;             /* whom the peers elected last; another node may not know it yet */
byte replacing = NONE;   /* the machine that was destroyed, until its replacement has the data on its disk */

bool acknowledged[2];    /* 202 was sent */
byte rows[2];            /* in PostgreSQL */
byte refused;            /* the string that PostgreSQL refuses because of its content: it becomes a dead letter */

#define is_primary(p) (follows[p] == p)
#define reaches(i)    (follows[i] != i && follows[i] != NONE && is_primary(follows[i]))

/* WAITAOF 1 ACKS: a write is on the disks of the primary and of enough of its replicas. */
#define acks(r, p, bits) (r != p && follows[r] == p && has(memory[r], bits) && \
                          (has(disk[r], bits) || CHANGE == wait_for_memory))
#define kept_at(p, bits) (is_primary(p) && has(memory[p], bits) && \
                          (has(disk[p], bits) || CHANGE == wait_for_replicas_only) && \
                          acks(0, p, bits) + acks(1, p, bits) + acks(2, p, bits) >= ACKS)
#define kept(bits)       (kept_at(0, bits) || kept_at(1, bits) || kept_at(2, bits))

#define may_lead(i) (CHANGE == elect_empty || has(memory[i], WHOLE) && (linked[i] || CHANGE != elect_linked))

/* A process starts with what is on its disk. The gate: a node without data opens its port only when the peers have
 * elected another one, and as a replica of that. Until then its replicas keep what they have. */
inline start(i) {
    memory[i] = disk[i]; linked[i] = false;
    if
    :: has(disk[i], WHOLE)
    :: else ->
        if
        :: leader == i -> follows[i] = (CHANGE == no_gate -> i : NONE)
        :: else -> follows[i] = (CHANGE == gate_opens_for_primary -> i : leader)
        fi
    fi
}

/* A node may be killed, or wrongly taken for dead, at any time and any number of times. */
proctype node(byte i) {
    do
    :: d_step { reaches(i) -> /* replicates. A whole copy replaces what was there when it is complete */
        memory[i] = memory[follows[i]]; linked[i] = (CHANGE == elect_linked) }
    :: d_step { CHANGE == resync_drops_first && reaches(i) && memory[i] != memory[follows[i]] ->
        memory[i] = 0; disk[i] = 0 }
    :: d_step { disk[i] != memory[i] -> /* flushes */
        disk[i] = memory[i];
        if
        :: i == replacing && has(disk[i], WHOLE) -> replacing = NONE
        :: else
        fi }
    :: d_step { CHANGE != gate_for_new_machines -> start(i) } /* was killed, and starts again */
    :: d_step { CHANGE == gate_for_new_machines -> memory[i] = disk[i] }
    :: d_step { replacing == NONE || CHANGE == two_machines -> /* its machine is destroyed, and replaced */
        replacing = i; disk[i] = 0; start(i) }
    :: d_step { i != leader && follows[i] != i && follows[i] != NONE && may_lead(i) -> /* is elected */
        leader = i; follows[i] = i }
    :: d_step { i != leader && follows[i] != leader -> follows[i] = leader } /* hears of an election */
    od
}

inline some_primary(p) {
    if
    :: is_primary(0) -> p = 0
    :: is_primary(1) -> p = 1
    :: is_primary(2) -> p = 2
    fi
}

/* The API appends a string and acknowledges it when it is kept. The client may repeat it under the same id at any time:
 * after a 503, a timeout, or an answer that did not arrive. */
proctype client(byte s) {
    byte p;
    do
    :: atomic { some_primary(p);
        if
        :: has(memory[p], ENTRY(s) | LETTER(s)) -> /* it is there. A write, of anything, makes the wait cover it */
            acknowledged[s] = acknowledged[s] || CHANGE == repeat_writes_nothing /* the wait has nothing to wait for */
        :: else -> memory[p] = memory[p] | ENTRY(s) | SEEN(s)
        fi;
        acknowledged[s] = acknowledged[s] || CHANGE == acknowledge_before_wait;
        p = 0 }
    :: d_step { kept(SEEN(s)) -> acknowledged[s] = true }
    od
}

inline complete(s, p) {
    atomic { some_primary(p);
        if
        :: has(memory[p], ENTRY(s)) -> memory[p] = memory[p] & ~ENTRY(s)
        :: CHANGE == trust_entry_id && !has(memory[p], SEEN(s)) -> /* here the other string has the id */
            memory[p] = memory[p] & ~ENTRY(1 - s)
        :: else
        fi;
        p = 0 }
}

inline write_letter(s, p) {
    atomic { some_primary(p);
        if
        :: CHANGE != one_script -> memory[p] = memory[p] | LETTER(s)
        :: CHANGE == one_script && has(memory[p], ENTRY(s)) -> memory[p] = memory[p] & ~ENTRY(s) | LETTER(s)
        :: else
        fi;
        p = 0 }
}

#define entry_at(p, s) (is_primary(p) && has(memory[p], ENTRY(s)))
#define claimable(s)   (entry_at(0, s) || entry_at(1, s) || entry_at(2, s))

/* A worker may die after each step (goto idle), or only seem to be dead while another one claims what it holds. */
proctype worker() {
    byte s, p;
idle:
    atomic {
        s = 0;
        if
        :: claimable(0)
        :: claimable(1) -> s = 1
        fi;
        if
        :: CHANGE == (s == refused -> complete_before_letter : complete_before_commit) -> complete(s, p)
        :: else
        fi }
    if
    :: s != refused -> rows[s] = (CHANGE == no_primary_key -> rows[s] + 1 : 1) /* ON CONFLICT DO NOTHING; COMMIT */
    :: s == refused ->
        write_letter(s, p);
        if
        :: kept(LETTER(s)) || CHANGE == letter_not_waited
        :: goto idle
        fi
    :: goto idle
    fi;
    if
    :: complete(s, p)
    :: goto idle
    fi;
    goto idle
}

/* What must hold at all times */
#define lost(s)     (acknowledged[s] && rows[s] == 0 && !has(disk[0] | disk[1] | disk[2], ENTRY(s) | LETTER(s)))
#define can_lead(i) (i != leader && follows[i] != NONE && may_lead(i))
#define stuck       (follows[leader] == NONE && has(disk[0] | disk[1] | disk[2], WHOLE) && \
                     !can_lead(0) && !can_lead(1) && !can_lead(2))

active proctype promises() {
    bool acknowledged_is_kept, one_row_per_id, kept_can_be_served; /* false: spin's message has the name */
    if
    :: d_step { lost(0) || lost(1) -> assert(acknowledged_is_kept) }
    :: d_step { rows[0] > 1 || rows[1] > 1 -> assert(one_row_per_id) }
    :: d_step { stuck -> assert(kept_can_be_served) }
    fi
}

init {
    byte i;
    atomic {
        for (i : 0 .. 2) {
            follows[i] = (i <= REPLICAS -> 0 : NONE);
            memory[i] = (i <= REPLICAS -> WHOLE : 0);
            disk[i] = memory[i];
            linked[i] = (CHANGE == elect_linked)
        }
        for (i : 0 .. REPLICAS) { run node(i) }
        for (i : 1 .. STRINGS) { run client(i - 1) }
        for (i : 1 .. WORKERS) { run worker() }
        i = 0;
        if
        :: refused = STRINGS - 1
        :: STRINGS == 1 -> refused = NONE
        fi
    }
}
