/* What docs/session.md says of turns, knocks that cross, moves, and revoking, for spin: `just spin`.
 * One part a run: -DTURNS, -DKNOCKS, -DMOVES or -DREVOKING. Each part has a rule that can be left
 * out (-DBROKEN), and spin must then find what goes wrong.
 *
 * Keys are numbers here, and what spin visits is every order of writing, reading and losing.
 */

#ifdef TURNS
/* Two devices, the maker of the knock being 0, which holds the other one's key at first. A record
 * says which turn its chain is of, and whether it carries that turn's keys. With -DLOSS a record
 * may be gone: then nothing may open that needs it, and the reader must know that. */
#define MOST 5
chan stream[2] = [3] of { byte, bit };
byte turn[2];     /* the newest turn that a device knows */
bit  holds[2];    /* the other side's key: it may turn */
byte sends[2];    /* the turn of the chain that it writes by */
byte reads[2];    /* and of that which it reads by */
bit  lost[2];
byte secret[MOST + 2]; /* which turns' secrets exist: each is made once, by one device */

proctype device(bit me) {
	byte t; bit keys;
	do
	:: nfull(stream[1 - me]) && (holds[me] && turn[me] < MOST) ->   /* a record with a turn */
		atomic {
			turn[me]++; sends[me] = turn[me]; holds[me] = 0;
			secret[turn[me]]++; assert(secret[turn[me]] == 1);
			stream[1 - me]!sends[me], 1
		}
	:: nfull(stream[1 - me]) && turn[me] < MOST ->        /* no room for one, or not its turn */
#ifdef BROKEN
		atomic { if :: holds[me] -> turn[me]++; sends[me] = turn[me]; holds[me] = 0 :: else fi;
#else
		atomic {
#endif
			stream[1 - me]!sends[me], 0 }
	:: atomic { stream[me]?t, keys ->
		if
		:: keys && t == turn[me] + 1 && !holds[me] && !lost[me] ->
			turn[me] = t; reads[me] = t; holds[me] = 1
		:: !keys && t == reads[me] -> skip                          /* the chain that is known */
		:: else -> assert(t > reads[me]); lost[me] = 1;             /* a knock is the way on */
#ifndef LOSS
			assert(false)                       /* and nothing was lost: no record may be that */
#endif
		fi;
		assert(!(holds[0] && holds[1])) }       /* never may both turn */
#ifdef LOSS
	:: atomic { stream[me]?t, keys -> skip }
#endif
	:: timeout -> break
	od
}

init {
	holds[0] = 1;
	atomic { run device(0); run device(1) }
	(_nr_pr == 1);
#ifndef LOSS
	assert(turn[0] == turn[1] && turn[0] == MOST);  /* it never stands still before */
	assert(sends[0] == reads[1] && sends[1] == reads[0]);
#endif
}
#endif

#ifdef KNOCKS
/* Two devices with two knocks each, 0 and 1 of device 0, 2 and 3 of device 1. Doors are read in any
 * order. A record is the set of sessions that it is wrapped for. */
#define WRITES 2
#define OVER 3
chan stream[2] = [2] of { byte };
bit  made[4], answered[4];
byte gen[4];
byte has[8];   /* device * 4 + knock: 0 no, 1 to be confirmed, 2 confirmed, 3 over */
byte knocks[2], writes[2], last[2];
bit  order;    /* which of two knocks has the smaller card hash */

/* prefers: a before b. A later knock has the higher generation; else the hash decides. */
#ifdef BROKEN
#define PREFERS(me, a, b) (gen[a] > gen[b] || (gen[a] == gen[b] && a / 2 == me && b / 2 != me))
#else
#define PREFERS(me, a, b) (gen[a] > gen[b] || (gen[a] == gen[b] && (order -> a > b : a < b)))
#endif
#define HAS(me, k) (has[me * 4 + k] == 1 || has[me * 4 + k] == 2)

inline newest(me, g) {
	g = 0; i = 0;
	do
	:: i < 4 ->
		if :: (HAS(me, i) || (made[i] && i / 2 == me)) && gen[i] > g -> g = gen[i] :: else fi;
		i++
	:: else -> break
	od
}

/* best is the most preferred session of those in a set; of those that are confirmed, if only. */
inline best(me, set, only, b) {
	b = 4; i = 0;
	do
	:: i < 4 ->
		if
		:: HAS(me, i) && (set & (1 << i)) && (!only || has[me * 4 + i] == 2) ->
			if :: b == 4 -> b = i :: b < 4 && PREFERS(me, i, b) -> b = i :: else fi
		:: else
		fi;
		i++
	:: else -> break
	od
}

inline targets(me, set) {
	best(me, 15, 1, w);
	set = 0; i = 0;
	do
	:: i < 4 ->
		if :: HAS(me, i) && (w == 4 || i == w || PREFERS(me, i, w)) -> set = set | (1 << i) :: else fi;
		i++
	:: else -> break
	od
}

/* done forgets what was worked out, so that spin sees one state where there is one. */
#define DONE i = 0; w = 0; k = 0; g = 0; set = 0

proctype device(bit me) {
	byte i, w, k, g, set;
	do
	:: atomic { knocks[me] < 2 && last[0] + last[1] == 0 ->
		newest(me, g); k = me * 2 + knocks[me]; knocks[me]++; gen[k] = g + 1; made[k] = 1; DONE }
	/* A card is answered. */
	:: atomic { last[0] + last[1] == 0 && made[2 - 2 * me] && !answered[2 - 2 * me] ->
		answered[2 - 2 * me] = 1; has[me * 4 + 2 - 2 * me] = 1 }
	:: atomic { last[0] + last[1] == 0 && made[3 - 2 * me] && !answered[3 - 2 * me] ->
		answered[3 - 2 * me] = 1; has[me * 4 + 3 - 2 * me] = 1 }
	/* An answer is read. */
	:: atomic { last[0] + last[1] == 0 && answered[2 * me] && has[me * 4 + 2 * me] == 0 ->
		has[me * 4 + 2 * me] = 2 }
	:: atomic { last[0] + last[1] == 0 && answered[2 * me + 1] && has[me * 4 + 2 * me + 1] == 0 ->
		has[me * 4 + 2 * me + 1] = 2 }
	:: atomic { writes[me] < WRITES && last[0] + last[1] == 0 && nfull(stream[1 - me]) ->
		targets(me, set);
		if :: set -> stream[1 - me]!set; writes[me]++ :: else fi; DONE }
	/* A record is read, as soon as it opens: what has no wrap yet is read again after the answer. */
	:: atomic { nempty(stream[me]) ->
		stream[me]?<set>; best(me, set, 0, w);
		if
		:: w < 4 -> stream[me]?set; has[me * 4 + w] = 2; i = 0;
			do
			:: i < 4 ->
				if :: HAS(me, i) && PREFERS(me, w, i) -> has[me * 4 + i] = OVER :: else fi;
				i++
			:: else -> break
			od
		:: else -> assert(last[0] + last[1] == 0)          /* its answer is still to be read */
		fi; DONE }
	/* When all doors and all records are read, each writes twice more, in turn. */
	:: atomic { last[me] < 2 && (me == 0 -> last[0] == last[1] : last[0] > last[1]) && empty(stream[0]) && empty(stream[1]) &&
		(made[0] || made[1] || made[2] || made[3]) ->
		k = 0;
		do
		:: k < 4 ->
			if
			:: made[k] && (has[k] == 0 || has[4 + k] == 0) -> break
			:: else -> k++
			fi
		:: else -> break
		od;
		if
		:: k == 4 -> targets(me, set); assert(set); stream[1 - me]!set; last[me]++
		:: else
		fi; DONE }
	:: last[0] == 2 && last[1] == 2 && empty(stream[0]) && empty(stream[1]) -> break
	od
}

init {
	byte i, w, a, b;
	if :: order = 0 :: order = 1 fi;
	atomic { run device(0); run device(1) }
	(_nr_pr == 1);
	atomic {
		best(0, 15, 1, a); best(1, 15, 1, b);
		assert(a < 4 && a == b)                                /* both write in one session */
	}
}
#endif

#ifdef MOVES
/* Device 0 knocks, and may move twice before and after the answer. Device 1 answers each card, and
 * reads from where the newest card says. The last text must arrive. */
#define TEXT 0
#define MOVE 1
chan stream0 = [4] of { byte, byte };
chan stream1 = [4] of { byte, byte };
chan stream2 = [4] of { byte, byte };
chan cards = [3] of { byte };          /* the stream in the card */
chan answers = [3] of { byte };        /* the same, in its answer */
byte at, sess, moves;                  /* of the writer: its stream, the stream its session is read in */
byte pos = 9;                          /* of the reader */
bit  ended, got;

inline put(kind, s) {
	if :: at == 0 -> stream0!kind, s :: at == 1 -> stream1!kind, s :: at == 2 -> stream2!kind, s fi
}

proctype writer() {
	byte c; bit open; byte texts;
	cards!at;
	do
	:: atomic { moves < 2 && !ended -> put(MOVE, open); at++; moves++ }
	:: atomic { answers?c -> open = 1;
#ifndef BROKEN
		if :: c != at -> cards!at; open = 0 :: else fi         /* the stream has moved: a new card */
#endif
		}
	:: atomic { texts < 1 && open && !ended -> put(TEXT, open); texts++ }
	:: atomic { open && !ended && empty(cards) && empty(answers) -> put(TEXT, 2); ended = 1 }
	:: ended && got -> break
	od
}

inline take(ch, next) {
	ch?k, s;
	if
	:: k == MOVE && s -> pos = next
	:: k == TEXT && s == 2 -> got = 1
	:: else                                                    /* no wrap: it goes on */
	fi
}

active proctype reader() {
	byte c, k, s;
	run writer();
end:	do
	:: atomic { cards?c -> pos = c; answers!c }
	:: atomic { pos == 0 && nempty(stream0) -> take(stream0, 1) }
	:: atomic { pos == 1 && nempty(stream1) -> take(stream1, 2) }
	:: atomic { pos == 2 && nempty(stream2) -> take(stream2, 3) }
	od
}
/* That the writer ends, which it does when its last text was read, is checked as a valid end. */
#endif

#ifdef REVOKING
/* Three devices of one person, each of whom may say twice that another one is gone, or object. The
 * reader hears them in any order. -DPEOPLE: the person compares words with one of them, once. */
#define LIVE 0
#define GONE 1
#define DOUBT 2
#define ERASED 3
byte standing[3], by[3];     /* by: the set of those who said that it is gone */
byte said[3];
bit  accused[9], settled;    /* who * 3 + whom: heard while who was live */

inline object(d) {
	if
	:: by[d] ->
		standing[d] = DOUBT; i = 0;
		do
		:: i < 3 ->
			if :: (by[d] & (1 << i)) && standing[i] != ERASED -> standing[i] = DOUBT :: else fi;
			i++
		:: else -> break
		od
	:: else
	fi
}

inline revoke(who, whom) {
	if
	:: standing[who] == ERASED || standing[whom] == ERASED -> skip
#ifdef BROKEN
	:: standing[who] != LIVE && standing[who] != ERASED -> skip       /* not heard at all */
#else
	:: standing[who] != LIVE && standing[who] != ERASED -> object(who)
#endif
	:: else ->
		accused[who * 3 + whom] = 1;
#ifdef FIRST
		if :: !by[whom] -> by[whom] = 1 << who :: else fi;    /* the first word alone is kept */
#else
		by[whom] = by[whom] | (1 << who);
#endif
		if
		:: standing[whom] == LIVE -> standing[whom] = GONE
		:: standing[whom] == DOUBT -> standing[who] = DOUBT
		:: else
		fi
	fi
}

byte tried[9];               /* who said that whom is gone, whether or not it was live then */

proctype device(byte me) {
	byte i, whom;
	do
	:: atomic { said[me] < 2 ->
		if :: whom = (me + 1) % 3 :: whom = (me + 2) % 3 fi;
		said[me]++; tried[me * 3 + whom] = 1; revoke(me, whom) }
	:: atomic { said[me] < 2 && (standing[me] == GONE || standing[me] == DOUBT) ->
		said[me]++; object(me) }
	:: break
	od
}

proctype people() {
	byte i, kept, against;
	atomic {
		if :: kept = 0 :: kept = 1 :: kept = 2 fi;
		if
		:: standing[kept] == DOUBT ->
			settled = 1; against = by[kept]; standing[kept] = LIVE; by[kept] = 0; i = 0;
			do
			:: i < 3 ->
				if
				:: i != kept && standing[i] != LIVE &&
				   ((by[i] & (1 << kept)) || (against & (1 << i))) -> standing[i] = ERASED
				:: else
				fi;
				i++
			:: else -> break
			od
		:: else
		fi
	}
}

init {
	byte a, b;
	atomic { run device(0); run device(1); run device(2);
#ifdef PEOPLE
		run people()
#endif
	}
	(_nr_pr == 1);
	a = 0;
	do
	:: a < 3 ->
		b = 0;
		do
		:: b < 3 ->
			/* of two, one said that the other is gone: never are both written to, */
			assert(settled || !(accused[a * 3 + b] && standing[a] == LIVE && standing[b] == LIVE));
			/* and if each said so of the other, neither is. */
			assert(settled || a == b || !(tried[a * 3 + b] && tried[b * 3 + a]) ||
				(standing[a] != LIVE && standing[b] != LIVE));
			b++
		:: else -> break
		od;
		a++
	:: else -> break
	od
}
#endif
