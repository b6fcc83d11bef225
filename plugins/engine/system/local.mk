# plugins/engine/system: see the top of Makefile.am
