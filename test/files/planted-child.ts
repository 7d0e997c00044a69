/** A reader for the fuzzing of readers, with a fault at some numbers of attempts. */
process.on('disconnect', () => process.exit());
process.on('message', ({ index }: { readonly index: number }) => {
  if (index === 1) process.exit(7);
  // It never answers.
  if (index === 2) return;
  const residentBytes = index === 3 ? 4 * 1024 ** 3 : 1024 ** 2;
  const violation = index === 4 ? 'a refusal has no code' : null;
  process.send?.({ reader: '.csv', status: 0, violation, residentBytes });
});
