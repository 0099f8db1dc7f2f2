/* Yue's greedy inference, one negative after the other: P N steps, for benchmarks/ap_loss.py.
   s, t: positives and negatives from the highest down. best[j]: positives above negative j. Returns the loss. */
double greedy(const double *s, long P, const double *t, long N, long *best)
{
    double total = 0, factor = 2.0 / ((double)P * (double)N);
    for (long j = 1; j <= N; j++) {
        double tail = 0, most = 0;
        best[j - 1] = P;
        for (long k = P; k >= 1; k--) {
            tail += k / ((double)P * (double)(k + j) * (double)(k + j - 1)) + factor * (t[j - 1] - s[k - 1]);
            if (tail > most) {
                most = tail;
                best[j - 1] = k - 1;
            }
        }
        total += most;
    }
    return total;
}
