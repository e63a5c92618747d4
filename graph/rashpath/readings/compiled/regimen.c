// Writes what holds a number of the patient: doses in milligrams, why one is withheld, and warnings
// about implausible values.
//
// Why a part of a gate is false, or no row of a dose table holds, is a site too. Of its two parts the
// first holds the facts that are to blame, u32 each; the second words, one after the other: a byte of
// their kind and a u32, which of a TEXT is its size, of a CHOSEN value or a FACT_NUMBER the fact, of a
// COMPUTED_NUMBER its place; then the text, or as a double the limit that the number was compared with.

enum { TEXT = 0, CHOSEN = 1, FACT_NUMBER = 2, COMPUTED_NUMBER = 3 };
enum { MOST_SAID = 64 };

typedef struct { const u8 *start; u32 size; } Said;

static const u64 *decisive_of(u32 truth) { return told_sets + (1 + truth) * im->fact_words; }

static u32 word_at(const u8 *from) {
  u32 word;
  __builtin_memcpy(&word, from, 4);
  return word;
}

// Adds one of the words, and returns what follows it.
static const u8 *add_word(const u8 *word) {
  u32 kind = *word++, what = word_at(word);
  word += 4;
  switch (kind) {
    case TEXT:
      if (FITS) add_bytes(word, what);
      return word + what;
    case CHOSEN:
      add_piece(((Piece *)((u8 *)its + ITS(u32, choice)[what]))[(u32)told_case[what]]);
      return word;
    case FACT_NUMBER:
      add_number_words(ITS(NumberWords, fact_number) + what, told_case[what], __builtin_nan(""));
      return word;
    default: {
      double limit;
      __builtin_memcpy(&limit, word, 8);
      add_number_words(ITS(NumberWords, computed_number) + what, told_numbers[what], limit);
      return word + 8;
    }
  }
}

// Adds words with commas between them, each only once.
static void add_words(const u8 *word, const u8 *end) {
  Said said[MOST_SAID];
  u32 count = 0;
  while (word < end && FITS) {
    u8 *before = put;
    if (count) add_piece(its->comma);
    u8 *start = put;
    word = add_word(word);
    if (!FITS) return;
    u32 size = put - start, same = 0;
    for (u32 i = 0; i < count; i++)
      same |= said[i].size == size && bytes_match(said[i].start, start, size);
    if (same) { put = before; continue; }
    if (count == MOST_SAID) { unworded = 1; return; }
    said[count++] = (Said){start, size};
  }
}

static void add_reason(u32 what) {
  if (is_new(of->reasons, what)) add_piece(ITS(Piece, because)[what]);
}

// Adds that facts are not known, which a part of a gate needs, or none: them, or a sentence.
static void add_unknown(const u64 *facts, const Gate *gate, int sentence) {
  u8 *start = 0;
  u32 count = 0;
  if (sentence) {
    start = begin_message(its->withheld_tag, 1);
    add_piece(gate ? gate->unknown : its->unknown);
  } else if (gate && gate->code != NONE) {
    add_reason(gate->code);
  }
  for (u32 w = 0; w < im->fact_words; w++) {
    for (u64 rest = facts[w]; rest; rest &= rest - 1) {
      u32 fact = 64 * w + __builtin_ctzll(rest);
      if (!sentence) { add_reason(fact); continue; }
      if (count++) add_piece(its->comma);
      add_piece(ITS(Piece, label)[fact]);
    }
  }
  if (!sentence) return;
  if (gate) add_piece(gate->last);
  end_message(start, 1);
}

// Adds why a part of a gate is false, or, of none, no row holds: the facts, or a sentence.
static void add_against(u32 number, const Gate *gate, int sentence) {
  const Kept *kept = site(number);
  if (!kept) return;
  const u8 *blamed = bytes_of(kept), *words = blamed + kept->size[0];
  if (sentence) {
    u8 *start = begin_message(its->withheld_tag, 1);
    if (gate) add_piece(gate->false_);
    add_words(words, words + kept->size[1]);
    if (gate) add_piece(gate->last);
    end_message(start, 1);
  } else if (gate && gate->code != NONE) {
    add_reason(gate->code);
  } else {
    for (; blamed < words; blamed += 4) add_reason(word_at(blamed));
  }
}

// Adds all reasons why a dose is withheld: the facts that are missing or to blame, or a sentence each.
// Returns how many there are.
static u32 add_reasons(u32 place, int has_row, int sentences) {
  const Dose *dose = AT(Dose, dose) + place;
  const Regimen *regimen = ITS(Regimen, regimen) + place;
  const u32 first_site = im->conclusions + its->findings + its->steps + its->numbers;
  u32 count = 0;
  if (told[dose->truth] == UNKNOWN) add_unknown(decisive_of(dose->truth), 0, sentences), count++;
  for (u32 i = 0; i < dose->count; i++) {
    u32 at = regimen->gate + i, truth = dose->first + i;
    const Gate *gate = ITS(Gate, gate) + at;
    if (told[truth] == UNKNOWN) add_unknown(decisive_of(truth), gate, sentences), count++;
    if (told[truth] == FALSE) add_against(first_site + at, gate, sentences), count++;
  }
  if (!has_row && !count) add_against(first_site + its->gates + place, 0, sentences), count++;
  if (number[dose->weight] != number[dose->weight]) {
    u64 *weight = free_bits;   // of no more use for this case, and as wide at least
    clear(weight, im->fact_words);
    mark(weight, dose->weight);
    add_unknown(weight, 0, sentences), count++;
  }
  return count;
}

static void add_dose(const Row *row, double weight) {
  double exactly = row->per_kg * weight, mg = 0;
  if (!(__builtin_fabs(exactly) <= 0x1p1000) || !rounded(exactly, &mg)) { unworded = 1; return; }
  add_piece(its->mg_tag);
  if (FITS) add_bytes((u8 *)&mg, 8);
  add_piece(row->last);
  u8 *formula = begin_message(its->formula_tag, 1);
  add_piece(row->formula);
  add_number(weight);
  add_piece(its->kg);
  add_number(mg);
  add_piece(its->mg);
  if (__builtin_trunc(mg) != mg) {
    add_piece(its->shown);
    add_number(__builtin_trunc(mg) + 0.0);   // a whole number has no negative zero
    add_piece(its->mg);
  }
  end_message(formula, 1);
}

// Adds how a recommendation with a dose table that is not ruled out is given.
static void add_regimen(u32 place) {
  const Dose *dose = AT(Dose, dose) + place;
  u32 row = 0;
  while (row < dose->rows && told[dose->row + row] != TRUE) row++;
  u32 has_row = row < dose->rows;
  const Row *its_row = (Row *)((u8 *)its + ITS(Regimen, regimen)[place].row) + (has_row ? 1 + row : 0);
  u8 *start = begin_message(its->regimen_tag, 2);
  add_piece(its_row->first);
  clear(of->reasons, reason_words(its));
  if (add_reasons(place, has_row, 0)) {
    // What lacks words is written anew anyway.
    if (!missings) add_reasons(place, has_row, 1);
    add_piece(its_row->last);
  } else {
    add_dose(its_row, number[dose->weight]);
  }
  end_message(start, 2);
}

// Adds the warnings about values outside their plausible ranges.
static void add_implausible(void) {
  const Plausible *each = ITS(Plausible, plausible_value);
  for (u32 i = 0; i < its->plausible; i++, each++) {
    double value = told_case[each->fact];
    if (!(value < each->least || value > each->most)) continue;
    u8 *start = begin_message(its->warning_tag, 2);
    add_piece(each->first);
    u8 *text = begin_message(its->warning_text_tag, 1);
    add_number_words(ITS(NumberWords, fact_number) + each->fact, value, __builtin_nan(""));
    add_piece(each->outside);
    end_message(text, 1);
    add_piece(each->last);
    end_message(start, 2);
  }
}
