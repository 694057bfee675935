import fc from 'fast-check';

/** Properties try the same values in every run, so that a red run is red again; other values are asked for. */
fc.configureGlobal({ seed: Number(process.env['DECLARAGENT_SEED'] ?? 20_241_121) });
