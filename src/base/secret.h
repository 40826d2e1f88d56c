// What a process owes to the keys, tokens and passphrases that it holds.
#pragma once

// From here on this process leaves no core dump, and no other process of the same user may read its memory: a debugger
// needs root. Called before the first secret is read; it cannot be undone.
void secret_protect(void);
