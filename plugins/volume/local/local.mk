# plugins/volume/local: see the top of Makefile.am
