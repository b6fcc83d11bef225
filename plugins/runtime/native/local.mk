# plugins/runtime/native: see the top of Makefile.am
