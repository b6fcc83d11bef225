# plugins/engine/volume: see the top of Makefile.am
