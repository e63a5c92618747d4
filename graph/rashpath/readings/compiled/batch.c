// Answers many cases in one go: from the bytes of a BatchEvaluateRequest to those of the response, as
// long as every request is as ordinary clients write it and asks for the same. It ends before the
// first one that does not (OTHER), and at one that was decided but needs words that are not known
// here (WORDS). It also ends after as much work as takes about half a millisecond: nobody can
// interrupt it.

enum { END = 0, FULL = 1, OTHER = 2, WORDS = 3 };
enum { ID_LETTERS = 26, MOST_WORK = 1 << 15 };

static struct { u32 done, used, size, why; u64 id_low, id_high; u32 next; } report;
static u8 *options, *notes, *tellings;
static u32 telling_bytes;

// Returns where it is told how many cases were answered, how many bytes of the request and of the
// response they took, and why it ended; then the id of the next answer, to be written before; then,
// after WORDS, where the next request begins.
EXPORTED(u32, report_told)(void) { return (u32)&report; }

// Returns where it is to be written what the requests ask for besides their cases. 0: no memory.
EXPORTED(u32, options_room)(u32 bytes) { return (u32)(options = take(bytes)); }

// Returns where the verdicts of each answered case and the facts it asks for are noted, for so many
// cases; 0: no memory.
EXPORTED(u32, notes_room)(u32 cases) {
  return (u32)(notes = take(cases * (im->conclusions + 8 * im->fact_words)));
}

// Returns where what is told of each answered case is kept, for so many cases of so many bytes; 0: no
// memory.
EXPORTED(u32, tellings_room)(u32 cases, u32 bytes) {
  return (u32)(tellings = take(cases * (telling_bytes = bytes)));
}

static void add_id(void) {
  static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  unsigned __int128 id = (unsigned __int128)report.id_high << 64 | report.id_low;
  u8 text[ID_LETTERS];
  for (u32 i = ID_LETTERS; i--; id >>= 5) text[i] = letters[(u32)id & 31];
  add_piece(its->id_tag);
  if (FITS) add_bytes(text, ID_LETTERS);
  if (!++report.id_low) report.id_high++;
}

// Decides the case whose message was written where `case_room` said; see `decide`. Returns LEFT, too,
// where the message is odd.
EXPORTED(u32, decide_case)(u32 size, u32 with_defeaters) {
  return read_from(request, size) == ODD ? LEFT : decide(with_defeaters);
}

// Finds the case in a request. Returns 0: it does not come first, or other things are asked for.
static const u8 *case_in(const u8 *from, const u8 *end, u32 asked, u32 *size) {
  u32 tag;
  if (!(from = short_varint(from, end, &tag)) || tag != its->case_tag) return 0;
  if (!(from = short_varint(from, end, size)) || *size > (u32)(end - from)) return 0;
  const u8 *rest = from + *size;
  return (u32)(end - rest) == asked && bytes_match(rest, options, asked) ? from : 0;
}

// Adds the result of the case that was decided last, at a place of the batch.
static u32 add_result(u32 index) {
  static u32 digits_of_size = 2;   // of the last one: most of a batch are of like size
  u32 digits_then = digits_of_size;
  u64 low = report.id_low, high = report.id_high;
  u8 *result = begin_message(its->result_tag, digits_then);
  if (index) {
    add_piece(its->index_tag);
    u8 digits[5];
    u32 count = varint(digits, index);
    if (FITS) add_bytes(digits, count);
  }
  u8 *response = begin_message(its->response_tag, digits_then);
  add_id();
  u32 lacks = add_answer();
  digits_of_size = put - response > 0x4000 ? 3 : 2;
  end_message(response, digits_then);
  end_message(result, digits_then);
  if (FITS && !lacks) return END;
  report.id_low = low, report.id_high = high;
  return lacks == WORDS_MISSING ? WORDS : FULL;
}

// Writes the result of the case that was decided last, as `write_answer` does its answer.
EXPORTED(i32, write_result)(u32 handle, u32 index) {
  of = (Words *)handle;
  its = of->wording;
  put = answer;
  switch (add_result(index)) {
    case END: return put - answer;
    case WORDS: return -WORDS_MISSING;
    default: return -NO_ROOM;
  }
}

static u32 answer_one(const u8 *from, const u8 *end, u32 asked, u32 index) {
  u32 size;
  if (!(from = case_in(from, end, asked, &size)) || read_from(from, size) == ODD) return OTHER;
  if (decide(1) == LEFT) return OTHER;
  return add_result(index);
}

// Answers cases from the first `size` bytes of a batch, of which the first has the place `index`: at
// most so many, that ask for what the first `asked` bytes of the options say. Where `tell` is not 0,
// what is told of each is kept.
EXPORTED(u32, answer_many)(u32 handle, u32 size, u32 index, u32 most, u32 asked, u32 tell) {
  of = (Words *)handle;
  its = of->wording;
  const u8 *from = request, *end = request + size;
  put = answer;
  report.done = report.used = report.size = 0;
  report.why = END;
  work = 0;
  while (report.done < most && from < end && work < MOST_WORK) {
    u32 tag, length;
    const u8 *start = short_varint(from, end, &tag);
    if (!start || tag != its->requests_tag || !(start = short_varint(start, end, &length))
        || length > (u32)(end - start)) break;
    report.next = start + length - request;
    report.why = answer_one(start, start + length, asked, index + report.done);
    if (report.why != END) break;
    u8 *note = notes + report.done * (im->conclusions + 8 * im->fact_words);
    __builtin_memcpy(note, told, im->conclusions);
    __builtin_memcpy(note + im->conclusions, told_sets, 8 * im->fact_words);
    if (tell) __builtin_memcpy(tellings + report.done * telling_bytes, told_sets, telling_bytes);
    report.done++;
    report.size = put - answer;
    from = start + length;
    report.used = from - request;
  }
  return report.done;
}
