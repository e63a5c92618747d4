// Writes the answer to a case from what was told of it: truths and sets become the bytes of protobuf
// fields. It knows no field: all words stand in a wording that `wording.py` writes, one an audience.
//
// What depends on a few truths (a step of the path, the words of a recommendation) is a site. Its
// bytes are made by the plain answer when they are first needed, and kept by these truths. Numbers
// of patients are not: what has one in it comes with the case, and is gone with it.

enum { WORDS_MISSING = 2, NO_ROOM = 3 };
enum { PARTS = 5, MOST_MISSING = 64, LOOKUPS = 1 << 14 };

typedef struct { u32 at, size; } Piece;    // bytes, from the wording's beginning
typedef struct { u32 first, count; } Run;  // truths among what is told

typedef struct {
  u32 size;
  u32 to_keep;                    // bytes for the words of sites
  u32 longest;                    // most truths that the words of a site depend on
  u32 clinician;                  // doses and computed numbers are shown
  Piece guideline, disclaimer;
  Piece recommendation_tag, finding_tag, question_tag, computed_tag, value_tag;
  u32 urgencies;                  // how many there are
  u32 status;                     // Piece[2 (decided)][urgencies (highest)][urgencies (possible)]
  u32 sign;                       // Piece[2 (red flag)][urgencies]
  u32 urgency, by_urgency;        // u32[conclusions]: of recommendations; their places, highest first
  u32 dose;                       // u32[conclusions]: place of the dose of each, or NONE
  u32 condition;                  // Run[conclusions]
  u32 defeater, decisive, found;  // Piece[facts]: their names
  u32 first, last;                // Piece[facts]: of their questions
  u32 findings, finding;          // u32 count; Run[]
  u32 conclusions, conclusion;    // u32 count; Conclusion[]
  Run contradictions, cautions, uncovered;
  u32 contradiction, caution, not_covered;  // Piece[]
  u32 steps, step;                // u32 count; Run[]
  u32 numbers, number;            // u32 count; Shown[]
  u32 plausible, plausible_value; // u32 count; Plausible[]
  u32 requests_tag, case_tag;     // of batches and requests
  Piece result_tag, index_tag, response_tag, id_tag;
} Wording;

// In topological order; `same`: the last one before with the same name, or NONE.
typedef struct { u32 truth, recommends, same, urgency, dose; Piece name, dose_name; } Conclusion;
typedef struct { Run state; Piece first, last; } Shown;
typedef struct { u32 slot, unused; double least, most; } Plausible;
typedef struct { u32 site, keyed, size[PARTS]; } Kept;   // followed by its key and its bytes
typedef struct { u32 fact, urgency, count, calm; } Question;

typedef struct {
  Wording *wording;
  u32 *lookup;
  u8 *kept, *key;
  u32 used, count;
} Words;

static Words *of;
static Wording *its;
static u8 *given, *answer, *answer_end, *put;
static u32 *missing, missings;
static Question *questions, *by_fact;   // in order; by fact
static u32 *settled;                     // by fact what it settles

#define ITS(type, section) ((type *)((u8 *)its + its->section))

// Returns where a wording of so many bytes is to be written; 0: no memory.
EXPORTED(u32, wording_room)(u32 bytes) { return (u32)take(bytes); }

// Makes a wording ready. Returns its handle; 0: no memory.
EXPORTED(u32, add_wording)(u32 at) {
  Words *words = (Words *)take(sizeof(Words));
  if (!words) return 0;
  words->wording = (Wording *)at;
  words->lookup = (u32 *)take(4 * LOOKUPS);
  words->kept = take(words->wording->to_keep);
  words->key = take(words->wording->longest + 8);
  if (!missing) missing = (u32 *)take(4 * MOST_MISSING);
  if (!questions) questions = (Question *)take(sizeof(Question) * im->facts);
  if (!by_fact) by_fact = (Question *)take(sizeof(Question) * im->facts);
  // As many conclusions in every wording of a guideline.
  if (!settled) settled = (u32 *)take(8 * im->facts * words->wording->conclusions);
  if (!words->lookup || !words->kept || !words->key || !missing || !questions || !by_fact || !settled)
    return 0;
  words->used = 16;
  return (u32)words;
}

// Returns where what comes with a case is to be written: of each dose the bytes of its regimen, of
// the implausible values those of their warnings; their sizes first, u32[doses + 1]. 0: no memory.
EXPORTED(u32, given_room)(u32 bytes) { return (u32)(given = take(bytes)); }

// Returns where answers of up to so many bytes are to be found; 0: no memory.
EXPORTED(u32, answer_room)(u32 bytes) {
  // Short pieces are copied in words, which may reach beyond their ends.
  answer = take(bytes + 64);
  answer_end = answer + bytes;
  return (u32)answer;
}

// ---- Bytes

static void add_bytes(const u8 *from, u32 size) {
  if (size > (u32)(answer_end - put)) { put = answer_end + 1; return; }
  if (size > 64) {
    __builtin_memcpy(put, from, size);
  } else {
    for (u32 i = 0; i < size; i += 8) __builtin_memcpy(put + i, from + i, 8);
  }
  put += size;
}

#define FITS (put <= answer_end)

static void add_piece(Piece piece) {
  if (FITS) add_bytes((u8 *)its + piece.at, piece.size);
}

static u32 varint(u8 *to, u32 number) {
  u32 size = 0;
  for (; number > 0x7f; number >>= 7) to[size++] = number | 0x80;
  to[size++] = number;
  return size;
}

// Begins a message whose size is not known yet, but how many digits that may have; ends it.
static u8 *begin_message(Piece tag, u32 digits) {
  add_piece(tag);
  u8 *start = put;
  if (FITS) put += digits;
  return start;
}

static void end_message(u8 *start, u32 digits) {
  if (!FITS) return;
  u32 size = put - start - digits;
  u8 length[5];
  u32 needed = varint(length, size);
  if (needed != digits) {
    if (needed > digits && needed - digits > (u32)(answer_end - put)) { put = answer_end + 1; return; }
    __builtin_memmove(start + needed, start + digits, size);
    put += needed - digits;
  }
  for (u32 i = 0; i < needed; i++) start[i] = length[i];
}

static void add_names(const u64 *facts, const Piece *names) {
  for (u32 w = 0; w < im->fact_words; w++)
    for (u64 rest = facts[w]; rest; rest &= rest - 1)
      add_piece(names[64 * w + __builtin_ctzll(rest)]);
}

// ---- Sites

static u32 hash_of(u32 site, u32 keyed) {
  u32 hash = site * 0x9e3779b1u;
  for (u32 i = 0; i < keyed; i++) hash = (hash ^ of->key[i]) * 0x01000193u;
  return hash ^ hash >> 15;
}

static const Kept *kept_of(u32 site, u32 keyed, u32 *at) {
  for (*at = hash_of(site, keyed) & (LOOKUPS - 1); of->lookup[*at]; *at = (*at + 1) & (LOOKUPS - 1)) {
    const Kept *found = (Kept *)(of->kept + of->lookup[*at]);
    if (found->site != site || found->keyed != keyed) continue;
    const u8 *key = (u8 *)(found + 1);
    u32 i = 0;
    while (i < keyed && key[i] == of->key[i]) i++;
    if (i == keyed) return found;
  }
  return 0;
}

// Writes the truths that the words of a site depend on. Sites are counted from recommendations over
// findings and steps to computed numbers.
static u32 key_of(u32 site) {
  u8 *to = of->key;
  Run run;
  if (site < im->conclusions) {
    *to++ = told[site];
    run = ITS(Run, condition)[site];
  } else if ((site -= im->conclusions) < its->findings) {
    run = ITS(Run, finding)[site];
  } else if ((site -= its->findings) < its->steps) {
    run = ITS(Run, step)[site];
  } else {
    run = ITS(Shown, number)[site - its->steps].state;
  }
  for (u32 i = 0; i < run.count; i++) *to++ = told[run.first + i];
  return to - of->key;
}

// Returns the words of a site; 0: they are noted as missing.
static const Kept *site(u32 number) {
  u32 at;
  const Kept *found = kept_of(number, key_of(number), &at);
  if (!found && missings < MOST_MISSING) missing[missings++] = number;
  return found;
}

static const u8 *bytes_of(const Kept *kept) { return (u8 *)(kept + 1) + kept->keyed; }

static void add_site(u32 number) {
  const Kept *found = site(number);
  if (found && FITS) add_bytes(bytes_of(found), found->size[0]);
}

// Keeps the words of a site for the truths of this case: `given` holds the sizes of its parts, then
// the parts. Forgets all others when there is no room; returns 0 if there is none even so.
EXPORTED(u32, keep)(u32 handle, u32 number) {
  of = (Words *)handle;
  its = of->wording;
  const u32 *sizes = (u32 *)given;
  u32 keyed = key_of(number), size = 0, at;
  for (u32 i = 0; i < PARTS; i++) size += sizes[i];
  u32 whole = (sizeof(Kept) + keyed + size + 8 + 15) & ~15u;
  if (of->used + whole > its->to_keep || of->count > LOOKUPS / 2) {
    __builtin_memset(of->lookup, 0, 4 * LOOKUPS);
    of->used = 16;
    of->count = 0;
    if (of->used + whole > its->to_keep) return 0;
  }
  if (kept_of(number, keyed, &at)) return 1;
  Kept *entry = (Kept *)(of->kept + of->used);
  entry->site = number;
  entry->keyed = keyed;
  for (u32 i = 0; i < PARTS; i++) entry->size[i] = sizes[i];
  __builtin_memcpy(entry + 1, of->key, keyed);
  __builtin_memcpy((u8 *)(entry + 1) + keyed, given + 4 * PARTS, size);
  of->lookup[at] = of->used;
  of->used += whole;
  of->count++;
  return 1;
}

// Where the sites stand whose words are missing.
EXPORTED(u32, missing_sites)(void) { return (u32)missing; }
EXPORTED(u32, missing_count)(void) { return missings; }

// ---- The parts of an answer

static const u64 *decisive_of(u32 truth) { return told_sets + (1 + truth) * im->fact_words; }
static const u64 *waits_of(u32 dose) { return decisive_of(im->decisive + dose); }
static const u64 *defeaters_of(u32 truth) { return waits_of(im->doses + truth); }

static int any(const u64 *facts) {
  for (u32 w = 0; w < im->fact_words; w++) if (facts[w]) return 1;
  return 0;
}

static int has(const u64 *facts, u32 fact) { return facts[fact / 64] >> fact % 64 & 1; }

static void add_recommendation(u32 place, const u8 *regimens, const u32 *sizes) {
  const Kept *words = site(place);
  if (!words) return;
  u8 *start = begin_message(its->recommendation_tag, 2);
  const u8 *part = bytes_of(words);
  for (u32 i = 0; i < PARTS; i++) {
    u32 dose = ITS(u32, dose)[place];
    if (i == 1) add_names(defeaters_of(place), ITS(Piece, defeater));
    if (i == 2) add_names(decisive_of(place), ITS(Piece, decisive));
    if (i == 3 && dose != NONE && sizes[dose]) {
      for (u32 d = 0; d < dose; d++) regimens += sizes[d];
      if (FITS) add_bytes(regimens, sizes[dose]);
    } else if (FITS) {
      add_bytes(part, words->size[i]);
    }
    part += words->size[i];
  }
  end_message(start, 2);
}

static void add_findings(void) {
  const u32 words = im->fact_words;
  for (u32 i = 0; i < its->findings; i++) {
    Run run = ITS(Run, finding)[i];
    u8 seen = FALSE;
    u64 *facts = free_bits;   // of no more use for this case, and as wide at least
    clear(facts, words);
    for (u32 k = 0; k < run.count; k++) {
      seen |= told[run.first + k];
      unite(facts, decisive_of(run.first + k), words);
    }
    if (seen == FALSE) continue;
    const Kept *head = site(im->conclusions + i);
    if (!head) continue;
    u8 *start = begin_message(its->finding_tag, 2);
    if (FITS) add_bytes(bytes_of(head), head->size[0]);
    add_names(facts, ITS(Piece, found));
    end_message(start, 2);
  }
}

static int before(const Question *one, const Question *other) {
  if (one->calm != other->calm) return one->calm < other->calm;
  if (one->urgency != other->urgency) return one->urgency > other->urgency;
  if (one->count != other->count) return one->count > other->count;
  return one->fact < other->fact;
}

// Notes that a conclusion is among what a fact settles: `what` is its place, doubled, one more for its
// dose.
static void note_settled(u32 fact, u32 what) {
  Question *question = by_fact + fact;
  work++;
  const Conclusion *each = ITS(Conclusion, conclusion) + what / 2;
  settled[fact * 2 * its->conclusions + question->count++] = what;
  if (each->recommends && each->urgency > question->urgency) question->urgency = each->urgency;
}

static void note_all_settled(const u64 *facts, const Conclusion *first, u32 what) {
  const Conclusion *all = ITS(Conclusion, conclusion);
  for (u32 w = 0; w < im->fact_words; w++) {
    u64 rest = facts[w];
    // Each name once.
    for (u32 same = first->same; same != NONE; same = all[same].same)
      rest &= ~decisive_of(all[same].truth)[w];
    for (; rest; rest &= rest - 1) note_settled(64 * w + __builtin_ctzll(rest), what);
  }
}

static void add_questions(void) {
  static const Conclusion nameless = {.same = NONE};
  const Conclusion *all = ITS(Conclusion, conclusion);
  const u64 *danger = decisive_of(im->decisive - 1);
  for (u32 fact = 0; fact < im->facts; fact++)
    by_fact[fact] = (Question){fact, 0, 0, !has(danger, fact)};
  for (u32 i = 0; i < its->conclusions; i++) {
    note_all_settled(decisive_of(all[i].truth), all + i, 2 * i);
    if (all[i].dose != NONE && told[all[i].truth] == TRUE)
      note_all_settled(waits_of(all[i].dose), &nameless, 2 * i + 1);
  }
  u32 count = 0;
  for (u32 fact = 0; fact < im->facts; fact++) {
    if (!by_fact[fact].count) continue;
    u32 at = count++;
    for (; at && before(by_fact + fact, questions + at - 1); at--) questions[at] = questions[at - 1];
    questions[at] = by_fact[fact];
  }
  for (u32 i = 0; i < count; i++) {
    const Question *question = questions + i;
    const u32 *what = settled + question->fact * 2 * its->conclusions;
    u8 *start = begin_message(its->question_tag, 2);
    add_piece(ITS(Piece, first)[question->fact]);
    for (u32 k = 0; k < question->count; k++) {
      const Conclusion *each = all + what[k] / 2;
      add_piece(what[k] % 2 ? each->dose_name : each->name);
    }
    add_piece(ITS(Piece, sign)[(question->calm ? 0 : its->urgencies) + question->urgency]);
    add_piece(ITS(Piece, last)[question->fact]);
    end_message(start, 2);
  }
}

static void add_true(Run run, const Piece *pieces) {
  for (u32 i = 0; i < run.count; i++) if (told[run.first + i] == TRUE) add_piece(pieces[i]);
}

static void add_numbers(void) {
  for (u32 i = 0; i < its->numbers; i++) {
    const Shown *shown = ITS(Shown, number) + i;
    double value = told_numbers[i];
    // The first of its truths is that it exists.
    if (value != value || told[shown->state.first] != TRUE) {
      add_site(im->conclusions + its->findings + its->steps + i);
      continue;
    }
    u8 *start = begin_message(its->computed_tag, 1);
    add_piece(shown->first);
    add_piece(its->value_tag);
    if (FITS) add_bytes((u8 *)&value, 8);
    add_piece(shown->last);
    end_message(start, 1);
  }
}

// Adds the answer to the case that was decided last but for its id; returns how many sites lack words.
static u32 add_answer(void) {
  const u32 *sizes = (u32 *)given, *urgency = ITS(u32, urgency), *order = ITS(u32, by_urgency);
  const u8 *regimens = given + 4 * (im->doses + 1), *warnings = regimens;
  for (u32 i = 0; i < im->doses; i++) warnings += sizes[i];
  u32 highest = 0, possible = 0, decided = 1;
  for (u32 i = 0; i < im->conclusions; i++) {
    u32 dose = ITS(u32, dose)[i];
    if (told[i] == UNKNOWN) decided = 0;
    if (told[i] == TRUE && dose != NONE && any(waits_of(dose))) decided = 0;
    if (told[i] == TRUE && urgency[i] > highest) highest = urgency[i];
    if (told[i] != FALSE && urgency[i] > possible) possible = urgency[i];
  }
  for (u32 i = im->conclusions; i < im->asking; i++) if (told[i] == UNKNOWN) decided = 0;
  add_piece(its->guideline);
  add_piece(ITS(Piece, status)[(decided * its->urgencies + highest) * its->urgencies + possible]);
  for (u32 i = 0; i < im->conclusions; i++)
    if (told[order[i]] == TRUE) add_recommendation(order[i], regimens, sizes);
  for (u32 i = 0; i < im->conclusions; i++)
    if (told[order[i]] == UNKNOWN) add_recommendation(order[i], regimens, sizes);
  add_findings();
  if (!decided) add_questions();
  add_true(its->contradictions, ITS(Piece, contradiction));
  if (FITS) add_bytes(warnings, sizes[im->doses]);
  add_true(its->cautions, ITS(Piece, caution));
  add_true(its->uncovered, ITS(Piece, not_covered));
  // The path does not show nodes that are not reached.
  for (u32 i = 0; i < its->steps; i++)
    if (told[ITS(Run, step)[i].first] != FALSE) add_site(im->conclusions + its->findings + i);
  add_piece(its->disclaimer);
  if (its->clinician) add_numbers();
  return missings;
}

// Writes the answer to the case that was decided last, with what could withdraw its recommendations;
// what comes with it was written where `given_room` said. Returns its size, or, negated,
// WORDS_MISSING or NO_ROOM.
EXPORTED(i32, write_answer)(u32 handle) {
  of = (Words *)handle;
  its = of->wording;
  missings = 0;
  put = answer;
  if (add_answer()) return -WORDS_MISSING;
  return FITS ? put - answer : -NO_ROOM;
}
