// The words that answers are joined from, and the bytes that they become. All words stand in a wording
// that `wording.py` writes, one an audience.
//
// What depends on a few truths (a step of the path, the words of a recommendation) is a site. Its
// bytes are made by the plain answer when they are first needed, and kept by these truths. Numbers
// of patients are not: they are written into every answer anew.

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
  u32 fact_number, computed_number;  // NumberWords[facts]; NumberWords[numbers]
  u32 choice;                     // u32[facts]: Piece[values]: a fact with each of its values
  u32 label;                      // Piece[facts]
  Piece comma, warning_tag, warning_text_tag;
  // Of the doses. `because`: Piece[facts + codes].
  u32 codes, because;
  u32 gates, gate;                // u32 count; Gate[], dose by dose
  u32 regimen;                    // Regimen[doses]
  Piece regimen_tag, mg_tag, withheld_tag, formula_tag, unknown, kg, mg, shown;
} Wording;

// In topological order; `same`: the last one before with the same name, or NONE.
typedef struct { u32 truth, recommends, same, urgency, dose; Piece name, dose_name; } Conclusion;
typedef struct { Run state; Piece first, last; } Shown;
// Of a number, what stands before it, after a 1, and after others; all of it in the first one, if it is
// not to be told.
typedef struct { Piece before, one, many; u32 told; } NumberWords;
typedef struct { u32 fact, unused; double least, most; Piece first, outside, last; } Plausible;
// Of a part of a gate what tells why it is false; its code among `because`, or NONE; what its facts
// stand between where it is unknown, and what its reasons stand between where it is false.
typedef struct { Run against; u32 code; Piece unknown, false_, last; } Gate;
// Of a dose its first gate; the truths that its rows depend on; Row[1 + rows]: the first where none holds.
typedef struct { u32 gate; Run rows; u32 row; } Regimen;
typedef struct { double per_kg; Piece first, formula, last; } Row;
typedef struct { u32 site, keyed, size[PARTS]; } Kept;   // followed by its key and its bytes
typedef struct { u32 fact, urgency, count, calm; } Question;

typedef struct {
  Wording *wording;
  u32 *lookup;
  u8 *kept, *key;
  u64 *reasons;     // a set of what stands in `because`
  u32 used, count;
} Words;

static Words *of;
static Wording *its;
static u8 *given, *answer, *answer_end, *put;
static u32 *missing, missings, unworded;
static Question *questions, *by_fact;   // in order; by fact
static u32 *settled;                     // by fact what it settles

#define ITS(type, section) ((type *)((u8 *)its + its->section))

// Returns where a wording of so many bytes is to be written; 0: no memory.
EXPORTED(u32, wording_room)(u32 bytes) { return (u32)take(bytes); }

static u32 reason_words(const Wording *wording) { return (im->facts + wording->codes) / 64 + 1; }

// Makes a wording ready. Returns its handle; 0: no memory.
EXPORTED(u32, add_wording)(u32 at) {
  Words *words = (Words *)take(sizeof(Words));
  if (!words) return 0;
  words->wording = (Wording *)at;
  words->lookup = (u32 *)take(4 * LOOKUPS);
  words->kept = take(words->wording->to_keep);
  words->key = take(words->wording->longest + 8);
  words->reasons = (u64 *)take(8 * reason_words(words->wording));
  if (!missing) missing = (u32 *)take(4 * MOST_MISSING);
  if (!questions) questions = (Question *)take(sizeof(Question) * im->facts);
  if (!by_fact) by_fact = (Question *)take(sizeof(Question) * im->facts);
  // As many conclusions in every wording of a guideline.
  if (!settled) settled = (u32 *)take(8 * im->facts * words->wording->conclusions);
  if (!words->lookup || !words->kept || !words->key || !words->reasons) return 0;
  if (!missing || !questions || !by_fact || !settled) return 0;
  words->used = 16;
  return (u32)words;
}

// Returns where what `keep` is given is to be written; 0: no memory.
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

// ---- Numbers

enum { MOST_SPELLED = 64, LONGEST_SPELLED = 44 };

// What the kernel does not write of a case is spelled for it: numbers and limits, and their text.
typedef struct { double value, limit; u32 size; u8 text[LONGEST_SPELLED]; } Spelled;
static struct { u32 count, unused; Spelled each[MOST_SPELLED]; } spelled;

// Returns where it is told which numbers of a case are to be spelled (those without a size), to be
// written there.
EXPORTED(u32, spelled_told)(void) { return (u32)&spelled; }

static void forget_spelled(void) {
  __builtin_memset(spelled.each, 0, spelled.count * sizeof(Spelled));
  spelled.count = 0;
}

static u32 bytes_match(const u8 *one, const u8 *other, u32 size) {
  for (u32 i = 0; i < size; i++) if (one[i] != other[i]) return 0;
  return 1;
}

static int is_same(double one, double other) {
  return one == other ? __builtin_signbit(one) == __builtin_signbit(other) : one != one && other != other;
}

static const Spelled *spelled_of(double value, double limit) {
  Spelled *each = spelled.each, *end = each + spelled.count;
  for (; each < end; each++) if (is_same(each->value, value) && is_same(each->limit, limit)) return each;
  if (spelled.count == MOST_SPELLED) return 0;
  spelled.count++;
  each->value = value, each->limit = limit;
  return each;
}

// Adds a number; with few digits if there is a limit, which is not NaN.
static void add_number_text(double value, double limit) {
  u8 text[LONGEST_NUMBER + 1];
  const u8 *from = text;
  u32 size = limit == limit ? write_rounded(text, value, limit) : write_number(text, value);
  if (!size) {
    const Spelled *found = spelled_of(value, limit);
    if (!found || !found->size) { unworded = 1; return; }
    from = found->text, size = found->size;
  }
  if (FITS) add_bytes(from, size);
}

static void add_number(double value) { add_number_text(value, __builtin_nan("")); }

// Adds a number with what it is a number of, and its unit; see `add_number_text`.
static void add_number_words(const NumberWords *words, double value, double limit) {
  add_piece(words->before);
  if (!words->told) return;
  add_number_text(value, limit);
  add_piece(value == 1 ? words->one : words->many);
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
// findings, steps and computed numbers to parts of gates, and to the rows of doses.
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
  } else if ((site -= its->steps) < its->numbers) {
    run = ITS(Shown, number)[site].state;
  } else if ((site -= its->numbers) < its->gates) {
    run = ITS(Gate, gate)[site].against;
  } else {
    run = ITS(Regimen, regimen)[site - its->gates].rows;
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

