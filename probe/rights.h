// Raw sockets need CAP_NET_RAW, and only while they are opened.
#pragma once

// Gives up, for good, all privileges (capabilities(7)) but those of the superuser over files, which writing results as
// root may need; bars gaining any by exec. Best effort: where nothing was held, nothing is lost.
void rights_drop(void);
